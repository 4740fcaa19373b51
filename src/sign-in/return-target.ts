import { Inject, Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';

const HOME = '/';
const LONGEST = 2_000;
/** Visible ASCII without the backslash, which browsers read as a slash. */
const PLAIN = /^[\x21-\x5b\x5d-\x7e]+$/;
/** Spellings of what would be refused as it is; some part behind us might undo them. */
const ENCODED = /%(0[0-9a-f]|1[0-9a-f]|20|2f|5c|7f|25)/i;

/** The only place that decides where a browser may be sent after signing in or out. */
@Injectable()
export class ReturnTargets {
  private readonly exact: ReadonlySet<string>;
  private readonly origin: string;

  constructor(@Inject(CONFIG) { auth, server }: Config) {
    this.exact = new Set(auth.returnTargets);
    this.origin = new URL(server.publicUrl).origin;
  }

  /**
   * A path of this service's origin, or exactly one of `auth.return_targets`; the home page when nothing is asked for.
   * @throws AuthError `validation_failed`
   */
  check(returnTo: string | undefined): string {
    if (returnTo === undefined || returnTo === '') return HOME;
    if (this.exact.has(returnTo) || this.isPath(returnTo)) return returnTo;
    throw new AuthError('validation_failed', 'Some of what was sent is not valid', {
      errors: [{ pointer: '/return_to', message: 'must be a path of this service, or one of auth.return_targets' }],
    });
  }

  private isPath(target: string): boolean {
    if (target.length > LONGEST || !PLAIN.test(target) || !target.startsWith('/')) return false;
    const [path = ''] = target.split(/[?#]/);
    if (path.includes('//') || ENCODED.test(path)) return false;
    return URL.canParse(target, this.origin) && new URL(target, this.origin).origin === this.origin;
  }
}
