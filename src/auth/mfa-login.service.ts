import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { FactorProofs, type SecondFactor } from '../identity/factors/factor-proofs';
import type { PendingLogin } from '../identity/factors/login-challenge.store';
import { LoginChallenges } from '../identity/factors/login-challenges';
import { Passkeys } from '../identity/factors/passkeys';
import { CurrentPeople } from '../identity/current-people';
import type { VerifiedPerson } from '../identity/verified-person';
import { LoginIssuer, type StartedLogin } from '../sign-in/login-issuer';

export interface SecondStep {
  readonly challenge: string;
  readonly code?: string;
  readonly passkey?: AuthenticationResponseJSON;
  readonly client: ClientInfo;
  readonly trustDevice: boolean;
}

/** The second step of a login: the challenge stands for the password, and the factor is proven now. */
@Injectable()
export class MfaLoginService {
  constructor(
    private readonly challenges: LoginChallenges,
    private readonly people: CurrentPeople,
    private readonly factors: FactorProofs,
    private readonly passkeys: Passkeys,
    private readonly issuer: LoginIssuer,
  ) {}

  finish({ challenge, client, trustDevice, ...step }: SecondStep): Promise<StartedLogin> {
    return this.challenges.within(challenge, async (pending) => {
      if (pending.enrols) throw refused('no factor yet');
      const amr = await this.factors.prove(pending, step as SecondFactor, client);
      return this.start(challenge, [...pending.amr, ...amr], client, trustDevice);
    });
  }

  passkeyOptions(challenge: string) {
    return this.challenges.within(challenge, ({ tenantId, userId }) => this.passkeys.requestOptions(tenantId, userId));
  }

  /** Uses the challenge up. What changed about the account since the password ends the login before it starts. */
  private async start(
    challenge: string,
    amr: readonly string[],
    client: ClientInfo,
    trustDevice: boolean,
  ): Promise<StartedLogin> {
    const pending = await this.challenges.use(challenge);
    const { person } = await this.people.get(pending);
    requireUnchanged(pending, person);
    const { remember, samlSession } = pending;
    return this.issuer.issue(person, { client, amr, remember }, { rememberDevice: trustDevice, samlSession });
  }
}

function requireUnchanged({ userGeneration }: PendingLogin, { generations }: VerifiedPerson): void {
  if (generations.user !== userGeneration) throw refused('the account has changed');
}

function refused(detail: string): AuthError {
  return new AuthError('invalid_mfa_code', 'The second factor is not right', { detail });
}
