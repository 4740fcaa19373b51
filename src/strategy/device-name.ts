import { getParser } from 'bowser';

const LONGEST = 512;

/** A few words for a list of sessions, such as `Firefox on Windows` or `curl`; null when the agent tells nothing. */
export function deviceName(userAgent: string | null): string | null {
  if (!userAgent) return null;
  const parser = getParser(userAgent.slice(0, LONGEST));
  const words = [parser.getBrowserName(), parser.getOSName()].filter((word) => word !== '');
  if (words.length > 0) return words.join(' on ');
  return /^[\w.-]{1,64}/.exec(userAgent)?.[0] ?? null;
}
