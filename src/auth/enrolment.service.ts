import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import { CurrentPeople } from '../identity/current-people';
import { FactorChanges } from '../identity/factors/factor-changes';
import type { PendingLogin } from '../identity/factors/login-challenge.store';
import { LoginChallenges } from '../identity/factors/login-challenges';
import { Totp, type TotpEnrolment } from '../identity/factors/totp';
import { wrongCode } from './factor-settings.service';
import { LoginIssuer, type StartedLogin } from '../sign-in/login-issuer';

interface Confirmed {
  readonly started: StartedLogin;
  readonly recoveryCodes: readonly string[];
}

/** Somebody who needs a second factor and has none sets it up in the middle of their login. */
@Injectable()
export class EnrolmentService {
  constructor(
    private readonly challenges: LoginChallenges,
    private readonly people: CurrentPeople,
    private readonly totp: Totp,
    private readonly changes: FactorChanges,
    private readonly issuer: LoginIssuer,
  ) {}

  async begin(challenge: string): Promise<TotpEnrolment> {
    const pending = await this.enrolling(challenge);
    const { principal } = (await this.people.get(pending)).person;
    return this.totp.begin(refOf(pending), principal.email ?? principal.username ?? principal.userId);
  }

  async confirm(challenge: string, code: string, client: ClientInfo): Promise<Confirmed> {
    const pending = await this.enrolling(challenge);
    const user = refOf(pending);
    const { person, secondFactors } = await this.people.get(user);
    if (secondFactors.totp || person.generations.user !== pending.userGeneration) return wrongCode();
    const confirmation = (await this.totp.confirms(user, code)) ?? wrongCode();
    // Used before the factor is there: of several at once one enrols.
    await this.challenges.use(challenge);
    const recoveryCodes = (await this.changes.addTotp(user, confirmation, { endsLogins: true })) ?? wrongCode();
    const current = await this.people.get(user);
    const login = { client, amr: [...pending.amr, 'otp', 'mfa'], remember: pending.remember };
    const { samlSession } = pending;
    return { started: await this.issuer.issue(current.person, login, { samlSession }), recoveryCodes };
  }

  private async enrolling(challenge: string): Promise<PendingLogin> {
    const pending = await this.challenges.get(challenge);
    if (pending.enrols) return pending;
    throw new AuthError('invalid_mfa_code', 'The second factor is not right', { detail: 'has a factor' });
  }
}

function refOf({ tenantId, userId }: PendingLogin) {
  return { tenantId, userId };
}
