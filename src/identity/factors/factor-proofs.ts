import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { EventLog } from '../../common/event-log';
import type { UserRef } from '../user.store';
import { AMR_OF_CODE, CodeVerifier } from './code-verifier';
import { Passkeys } from './passkeys';

/** One of them. */
export type SecondFactor =
  | { readonly code: string; readonly passkey?: undefined }
  | { readonly code?: undefined; readonly passkey: AuthenticationResponseJSON };

/** Authentication methods that a passkey adds, RFC 8176: proof of possession of a key. */
export const AMR_OF_PASSKEY: readonly string[] = ['pop', 'mfa'];

/** Judges a second factor of a person who is already known. */
@Injectable()
export class FactorProofs {
  constructor(
    private readonly codes: CodeVerifier,
    private readonly passkeys: Passkeys,
    private readonly events: EventLog,
  ) {}

  /** The authentication methods that it adds. @throws AuthError `invalid_mfa_code`, `account_locked`, `rate_limited` */
  async prove(
    { tenantId, userId }: UserRef,
    { code, passkey }: SecondFactor,
    client: ClientInfo,
  ): Promise<readonly string[]> {
    if (code !== undefined) {
      await this.codes.verify({ tenantId, userId }, code, client);
      return AMR_OF_CODE;
    }
    if (await this.passkeys.authenticate(tenantId, userId, passkey)) return AMR_OF_PASSKEY;
    this.events.record('mfa_failed', { tenantId, userId, ipAddress: client.ipAddress, reason: 'passkey' });
    throw new AuthError('invalid_mfa_code', 'The passkey is not right');
  }
}
