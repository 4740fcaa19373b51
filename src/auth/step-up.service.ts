import { Injectable } from '@nestjs/common';
import { AuthError, type AuthContext, type ClientInfo } from '@latchkey/nest';
import { EventLog } from '../common/event-log';
import { PasswordVerifier } from '../identity/password-verifier';
import { FactorProofs, type SecondFactor } from '../identity/factors/factor-proofs';
import { methodsOf } from '../identity/factors/login-challenges';
import { CurrentPeople } from '../identity/current-people';
import type { TokenGrant } from '../strategy/auth-strategy';
import { LoginRefresher } from './login-refresher';
import { requirePerson } from './session-directory';

/** What a signed-in person proves again: the second factor where they have one, else the password. */
export interface StepUp {
  readonly refreshToken: string;
  readonly password?: string;
  readonly factor?: SecondFactor;
}

/** Proves a person again within their login: the same login goes on, with new tokens that say so. */
@Injectable()
export class StepUpService {
  constructor(
    private readonly people: CurrentPeople,
    private readonly passwords: PasswordVerifier,
    private readonly factors: FactorProofs,
    private readonly logins: LoginRefresher,
    private readonly events: EventLog,
  ) {}

  async stepUp(auth: AuthContext, step: StepUp, client: ClientInfo): Promise<TokenGrant> {
    requirePerson(auth.principal);
    const { tenantId, userId } = auth.principal;
    await this.logins.requireSameLogin(step.refreshToken, auth);
    const amr = await this.prove(auth, step, client);
    const grant = await this.logins.refresh(step.refreshToken, client, amr);
    this.events.record('stepped_up', { tenantId, userId, sessionId: grant.sessionId, reason: amr.join(' ') });
    return grant;
  }

  private async prove({ principal }: AuthContext, step: StepUp, client: ClientInfo): Promise<readonly string[]> {
    const { tenantId, userId } = principal;
    const user = { tenantId, userId };
    if (step.factor) return this.factors.prove(user, step.factor, client);
    const { secondFactors } = await this.people.get(user);
    if (secondFactors.totp || secondFactors.passkey) {
      // A password that somebody learned must not be enough to take the second factor away.
      throw new AuthError('insufficient_assurance', 'Confirm with your second factor', {
        extensions: { methods: methodsOf(secondFactors) },
      });
    }
    await this.passwords.confirm(user, step.password ?? '', client);
    return ['pwd'];
  }
}
