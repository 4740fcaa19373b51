import { AuthError } from './auth-error';
import { cookieValues } from './cookie-values';
import { MAX_TOKEN_LENGTH } from './presented-token';

/** Access tokens in cookies, for browsers. */
export interface CookieOptions {
  /** Name of the cookie that holds the access token. */
  readonly access: string;
  /** Exact origins of pages that may change something with it: the application's own, and others that it trusts. */
  readonly origins: readonly string[];
}

/** What this needs of a request. */
export interface CookieRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly method?: string;
}

const SAFE: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Reads access tokens from cookies, and keeps other sites from using them. */
export class CookieAccess {
  constructor(private readonly options: CookieOptions) {}

  /**
   * Null when there is none. A browser sends cookies whatever page makes the request, so one that may change something
   * must say that it comes from a page that is known.
   * @throws AuthError `csrf_failed`; `invalid_token` for several cookies of the name
   */
  token(request: CookieRequest): string | null {
    const [token, ...others] = cookieValues(request.headers['cookie'] as string | undefined, this.options.access);
    if (token === undefined || token === '') return null;
    if (others.length > 0 || token.length > MAX_TOKEN_LENGTH) {
      throw new AuthError('invalid_token', 'The access token is malformed');
    }
    if (!SAFE.has(request.method)) this.assertKnownPage(request);
    return token;
  }

  /** Also for requests that set cookies, such as a sign-in. @throws AuthError `csrf_failed` */
  assertKnownPage({ headers }: CookieRequest): void {
    const { origin } = headers;
    // Browsers of today say it themselves; a page cannot set this field, nor take it away.
    const site = headers['sec-fetch-site'];
    if (site === 'same-origin') return;
    if (typeof origin === 'string' && this.options.origins.includes(origin)) return;
    throw new AuthError('csrf_failed', 'Pages of this origin may not do this');
  }
}
