import { Inject, Injectable } from '@nestjs/common';
import type { ClientInfo } from '@latchkey/nest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { AMR_OF_CODE, CodeVerifier } from '../identity/factors/code-verifier';
import { Devices } from '../identity/factors/devices';
import { LoginChallenges } from '../identity/factors/login-challenges';
import type { ProviderSession } from '../identity/federated/saml-session.store';
import type { PasswordProof } from '../identity/person';

interface PendingAttempt {
  readonly mfaCode?: string;
  readonly client: ClientInfo;
  readonly remember: boolean;
  /** What was proven already, RFC 8176. Default: the password. */
  readonly firstFactor?: readonly string[];
  readonly samlSession?: ProviderSession;
}

const PASSWORD_ALONE: readonly string[] = ['pwd'];

/** What stands between a right password, or a provider's word, and a login. */
@Injectable()
export class SecondFactorGate {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly codes: CodeVerifier,
    private readonly devices: Devices,
    private readonly challenges: LoginChallenges,
  ) {}

  /**
   * The authentication methods of the login, RFC 8176. A trusted device lets a person in, but is no proof of a second
   * factor: whoever needs one asks again. @throws AuthError `mfa_required`, `invalid_mfa_code`, `account_locked`
   */
  async pass(proof: PasswordProof, attempt: PendingAttempt): Promise<readonly string[]> {
    const { mfaCode, client, remember, firstFactor = PASSWORD_ALONE, samlSession = null } = attempt;
    const { principal, generations, secondFactors, device } = proof;
    const { tenantId, userId } = principal;
    const enrolled = secondFactors.totp || secondFactors.passkey;
    if (!enrolled && !(secondFactors.required ?? this.config.auth.mfa.required)) return firstFactor;
    if (enrolled && mfaCode !== undefined) {
      await this.codes.verify({ tenantId, userId }, mfaCode, client);
      return [...firstFactor, ...AMR_OF_CODE];
    }
    if (enrolled && this.devices.isTrusted(device)) return firstFactor;
    const pending = { tenantId, userId, userGeneration: generations.user, remember, enrols: !enrolled, samlSession };
    throw await this.challenges.open({ ...pending, amr: firstFactor }, secondFactors);
  }
}
