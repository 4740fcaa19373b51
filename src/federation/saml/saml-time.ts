import { refuseUnless, type SamlReason } from './saml-refusal';

/** Core, 1.3.3: UTC, and nothing that says otherwise. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/** How long a message may have been on its way. Milliseconds. */
export const LONGEST_ON_THE_WAY = 5 * 60_000;

/** Milliseconds. @throws SamlRefusal with the reason given */
export function instantOf(text: string | null, reason: SamlReason): number {
  const instant = text !== null && INSTANT.test(text) ? Date.parse(text) : NaN;
  refuseUnless(!Number.isNaN(instant), reason);
  return instant;
}

export function requireFresh(issued: string | null, now: number, leeway: number): void {
  const instant = instantOf(issued, 'issue_instant');
  refuseUnless(instant <= now + leeway && instant > now - LONGEST_ON_THE_WAY - leeway, 'issue_instant');
}
