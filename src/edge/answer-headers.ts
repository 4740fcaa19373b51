import type { Config } from '../config/config';

type Headers = Readonly<Record<string, string>>;

/** The documentation page needs its own scripts and styles, and nothing from anywhere else. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:";

/**
 * Header fields that go with every answer, made once: setting them one by one costs a guarded request more than
 * proving its token does. Whatever may be kept by a cache says so itself.
 */
export class AnswerHeaders {
  private readonly api: Headers;
  private readonly page: Headers;
  private readonly pagePath: string;

  constructor({ server }: Config) {
    this.pagePath = `${server.basePath}/docs`;
    this.api = {
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'cross-origin-resource-policy': server.cors.origins.length > 0 ? 'cross-origin' : 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      ...(server.publicUrl.startsWith('https:') && { 'strict-transport-security': 'max-age=31536000' }),
    };
    this.page = { ...this.api, 'content-security-policy': PAGE_POLICY };
  }

  /** For a request to this path. */
  of(url: string): Headers {
    return url.startsWith(this.pagePath) ? this.page : this.api;
  }
}
