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

  begin(challenge: string): Promise<TotpEnrolment> {
    return this.enrolling(challenge, async (pending) => {
      const { principal } = (await this.people.get(pending)).person;
      return this.totp.begin(refOf(pending), principal.email ?? principal.username ?? principal.userId);
    });
  }

  confirm(challenge: string, code: string, client: ClientInfo): Promise<Confirmed> {
    return this.enrolling(challenge, (pending) => this.enrol(pending, challenge, code, client));
  }

  private async enrol(pending: PendingLogin, challenge: string, code: string, client: ClientInfo): Promise<Confirmed> {
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

  private enrolling<T>(challenge: string, work: (pending: PendingLogin) => Promise<T>): Promise<T> {
    return this.challenges.within(challenge, (pending) => {
      if (pending.enrols) return work(pending);
      throw new AuthError('invalid_mfa_code', 'The second factor is not right', { detail: 'has a factor' });
    });
  }
}

function refOf({ tenantId, userId }: PendingLogin) {
  return { tenantId, userId };
}
