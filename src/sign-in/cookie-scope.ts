import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';

/** What every cookie of this service has in common. */
@Injectable()
export class CookieScope {
  /** False on plain http, which only development has: not every browser keeps secure cookies there. */
  readonly secure: boolean;
  /** Path of everything below `/auth`. */
  readonly authPath: string;

  constructor(@Inject(CONFIG) config: Config) {
    this.secure = isSecure(config);
    this.authPath = `${config.server.basePath}/auth`;
  }

  /** The name with the prefix by which a browser itself refuses cookies that plain http has set. */
  named(name: string): string {
    return this.secure ? `__Secure-${name}` : name;
  }
}

/** Name of the cookie that guarded routes look at. With `__Host-` no other host of the domain can set it either. */
export function accessCookieName(config: Config): string {
  const { names, domain } = config.auth.cookies;
  if (!isSecure(config)) return names.access;
  return `${domain === '' ? '__Host-' : '__Secure-'}${names.access}`;
}

function isSecure({ server, environment }: Config): boolean {
  return server.publicUrl.startsWith('https:') || environment === 'production';
}
