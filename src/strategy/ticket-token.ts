import { SecretTokens } from '../common/secret-token';

const tickets = new SecretTokens('lk_tk_');

export function formatTicket(secret: Buffer): string {
  return tickets.format(secret);
}

/** Null for anything malformed or mistyped: that costs no statement. */
export function parseTicket(text: string): Buffer | null {
  return tickets.parse(text);
}
