import { Injectable } from '@nestjs/common';
import { stringifySetCookie } from 'cookie';
import { AuthError, cookieValues } from '@latchkey/nest';
import { CookieScope } from './cookie-scope';
import { SealedTexts } from './sealed-text';

export interface SealedCookieOptions {
  /** So long it is understood. */
  readonly maxAgeSeconds: number;
  /** The browser forgets it with its last window. Default: no. */
  readonly untilClosed?: boolean;
  readonly path: string;
  /** `none`: also with a form that another site posts. */
  readonly sameSite: 'lax' | 'none';
}

/** Characters. A browser keeps no more than 4096 bytes of one cookie. */
const LONGEST = 3_800;

/** What a browser keeps for us: it can neither read nor change it, and no other browser has it. */
@Injectable()
export class SealedCookies {
  constructor(
    private readonly texts: SealedTexts,
    private readonly scope: CookieScope,
  ) {}

  /** A value of `Set-Cookie`. @throws AuthError `unsupported_in_mode` when it would be too long */
  seal(name: string, payload: object, options: SealedCookieOptions): string {
    const { maxAgeSeconds } = options;
    const value = this.texts.seal(name, payload, maxAgeSeconds * 1000);
    if (value.length <= LONGEST) return this.written(name, value, options);
    throw new AuthError('unsupported_in_mode', 'What is to be kept does not fit into a cookie', { detail: name });
  }

  /** Null for what is missing, changed, expired, sealed under another name, or there more than once. */
  open(name: string, cookieHeader: string | undefined): unknown {
    const [value, ...others] = cookieValues(cookieHeader, this.scope.named(name));
    return value === undefined || others.length > 0 ? null : this.texts.open(name, value);
  }

  /** Whether there is one of the name, whatever it is worth. */
  isPresented(name: string, cookieHeader: string | undefined): boolean {
    return cookieValues(cookieHeader, this.scope.named(name)).length > 0;
  }

  /** A value of `Set-Cookie` that makes the browser forget. */
  clear(name: string, path: string, sameSite: 'lax' | 'none' = 'lax'): string {
    return this.written(name, '', { maxAgeSeconds: 0, path, sameSite });
  }

  private written(name: string, value: string, options: SealedCookieOptions): string {
    const { maxAgeSeconds, untilClosed, path, sameSite } = options;
    return stringifySetCookie({
      name: this.scope.named(name),
      value,
      ...{ path, sameSite, httpOnly: true, ...(!untilClosed && { maxAge: maxAgeSeconds }) },
      // Without it browsers keep no cookie that goes along with other sites' forms.
      secure: this.scope.secure || sameSite === 'none',
    });
  }
}
