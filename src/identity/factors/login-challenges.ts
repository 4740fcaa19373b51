import { Inject, Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import { EventLog } from '../../common/event-log';
import { SecretTokens } from '../../common/secret-token';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { TenantWall } from '../../database/tenant-wall';
import type { SecondFactorState } from '../user.store';
import { LoginChallengeStore, type PendingLogin } from './login-challenge.store';

const tokens = new SecretTokens('lk_mc_');

/** First factors that were right, until the second one is. */
@Injectable()
export class LoginChallenges {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: LoginChallengeStore,
    private readonly wall: TenantWall,
    private readonly events: EventLog,
    private readonly clock: Clock,
  ) {}

  /** The error that carries the challenge to the client. */
  async open(login: Omit<PendingLogin, 'expiresAt'>, factors: SecondFactorState): Promise<AuthError> {
    const { token, hash } = tokens.make();
    const { challengeTtl } = this.config.auth.mfa;
    await this.store.add(hash, { ...login, expiresAt: new Date(this.clock.now() + challengeTtl) });
    const { tenantId, userId, enrols } = login;
    this.events.record('mfa_challenged', { tenantId, userId, kind: enrols ? 'enrol' : 'verify' });
    return new AuthError('mfa_required', 'A second factor is needed', {
      extensions: {
        challenge: token,
        expires_in: challengeTtl / 1000,
        methods: methodsOf(factors),
        enrolment_required: enrols,
      },
    });
  }

  /**
   * Goes on with the login that the challenge is for, behind the wall of its tenant. Uses nothing up.
   * @throws AuthError `invalid_mfa_code` when it is malformed, unknown, used or has expired.
   */
  async within<T>(token: string, work: (login: PendingLogin) => Promise<T>): Promise<T> {
    const hash = tokens.hashOf(token);
    const login = (hash && (await this.store.find(hash, this.clock.date()))) ?? refuse();
    return this.wall.run(login.tenantId, () => work(login));
  }

  /** The login, once. @throws AuthError as above. */
  async use(token: string): Promise<PendingLogin> {
    const hash = tokens.hashOf(token);
    const login = hash && (await this.store.use(hash, this.clock.date()));
    return login ?? refuse();
  }
}

export function methodsOf({ totp, passkey, recoveryCodes }: SecondFactorState): string[] {
  const methods = { totp, passkey, recovery_code: recoveryCodes && (totp || passkey) };
  return Object.entries(methods).flatMap(([method, has]) => (has ? [method] : []));
}

function refuse(): never {
  throw new AuthError('invalid_mfa_code', 'The second factor is not right', { detail: 'challenge' });
}
