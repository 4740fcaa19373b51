/** How this application proves itself to the service: a client made by `latchkey clients create`. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

/** `Authorization: Basic …`, both parts form-encoded first (RFC 6749, section 2.3.1). */
export function basicAuthorization({ id, secret }: ClientCredentials): string {
  return `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`;
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
