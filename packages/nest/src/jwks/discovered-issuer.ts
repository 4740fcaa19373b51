import { AuthError } from '../auth-error';
import { fetchJson, UnexpectedAnswer } from '../http/bounded-fetch';

/** The name under which the service at an address issues, learned from its metadata (RFC 8414). */
export class DiscoveredIssuer {
  private name: string | null = null;
  private asking: Promise<void> | null = null;

  constructor(
    private readonly url: string,
    private readonly timeout: number,
  ) {}

  get issuer(): string | null {
    return this.name;
  }

  /** Asks once, however many wait. @throws AuthError `unavailable` */
  discover(): Promise<void> {
    if (this.name !== null) return Promise.resolve();
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return this.asking;
  }

  private async ask(): Promise<void> {
    const url = `${this.url}/.well-known/oauth-authorization-server`;
    try {
      const { issuer } = await fetchJson({ url, timeout: this.timeout });
      if (typeof issuer !== 'string' || issuer === '') throw new UnexpectedAnswer(200, `${url} names no issuer`);
      this.name = issuer;
    } catch (cause) {
      throw new AuthError('unavailable', 'Tokens cannot be checked right now', {
        retryAfter: 1,
        detail: 'issuer',
        cause,
      });
    }
  }
}
