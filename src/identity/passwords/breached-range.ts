import type { BreachedPasswords } from './breached-passwords';

export interface BreachedRangeSettings {
  /** The first five digits of the hash are put behind it. */
  readonly url: string;
  /** Milliseconds, for the whole answer. */
  readonly timeout: number;
  /** Fewest appearances that count. */
  readonly minCount: number;
}

const PREFIX_DIGITS = 5;
/** A padded answer of the public service has about fifty thousand bytes. */
const LONGEST_ANSWER = 524_288;
const LINE = /^([0-9A-F]{35}):(\d{1,12})$/;

/**
 * Asks a range service of the kind of Pwned Passwords. It learns five digits of forty, which thousands of passwords
 * share, and padding hides from the network how many it knows.
 */
export class BreachedRange implements BreachedPasswords {
  constructor(private readonly settings: BreachedRangeSettings) {}

  async includes(sha1: Buffer): Promise<boolean> {
    const digits = sha1.toString('hex').toUpperCase();
    const rest = digits.slice(PREFIX_DIGITS);
    const counts = readAnswer(await this.ask(digits.slice(0, PREFIX_DIGITS)));
    return (counts.get(rest) ?? 0) >= this.settings.minCount;
  }

  private async ask(prefix: string): Promise<string> {
    const { url, timeout } = this.settings;
    const response = await fetch(url + prefix, {
      headers: { 'add-padding': 'true', 'user-agent': 'latchkey', accept: 'text/plain' },
      redirect: 'error',
      signal: AbortSignal.timeout(timeout),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw failed(`status_${response.status}`);
    }
    return boundedText(response);
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > LONGEST_ANSWER) throw failed('answer_too_long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}

function readAnswer(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const written = line.trim().toUpperCase();
    if (written === '') continue;
    const [, rest, count] = LINE.exec(written) ?? [];
    if (rest === undefined) throw failed('answer_unreadable');
    counts.set(rest, Number(count));
  }
  // Every prefix is in use: an empty answer is no answer.
  if (counts.size === 0) throw failed('answer_unreadable');
  return counts;
}

function failed(code: string): Error {
  return Object.assign(new Error(`The range service: ${code}`), { code });
}
