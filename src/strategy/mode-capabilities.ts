import { Inject, Injectable } from '@nestjs/common';
import type { AuthMode } from '@latchkey/nest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { IssuancePolicy } from './issuance-policy';

/** What the configured mode can do, for clients that should not have to know. */
export interface Capabilities {
  readonly mode: AuthMode;
  readonly accepts: readonly AuthMode[];
  readonly accessToken: 'opaque' | 'jwt';
  readonly refreshToken: 'opaque' | 'jwt';
  readonly listSessions: boolean;
  readonly revokeSession: 'listed' | 'by_sid' | false;
  readonly revokeAllSessions: boolean;
  readonly logoutTakesEffect: 'at_once' | 'at_expiry';
  readonly identifier: 'email' | 'username' | 'either';
  readonly registration: 'open' | 'closed';
}

@Injectable()
export class ModeCapabilities {
  constructor(
    private readonly issuance: IssuancePolicy,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  describe(): Capabilities {
    const { kind, mode, accepts, jwtsAreRevocable } = this.issuance;
    const hasRows = kind !== 'untracked_jwt';
    const revocable = hasRows || jwtsAreRevocable;
    return {
      mode,
      accepts,
      accessToken: kind === 'session' ? 'opaque' : 'jwt',
      refreshToken: hasRows ? 'opaque' : 'jwt',
      listSessions: hasRows,
      revokeSession: hasRows ? 'listed' : revocable && 'by_sid',
      revokeAllSessions: revocable,
      logoutTakesEffect: revocable ? 'at_once' : 'at_expiry',
      identifier: this.config.auth.login.identifier,
      registration: this.config.auth.registration,
    };
  }
}
