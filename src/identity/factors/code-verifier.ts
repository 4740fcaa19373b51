import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import { EventLog } from '../../common/event-log';
import type { UserRef } from '../user.store';
import { FactorLockout } from './factor-lockout';
import { RecoveryCodes } from './recovery-codes';
import { Totp } from './totp';

/** Authentication methods that a code adds, RFC 8176. */
export const AMR_OF_CODE: readonly string[] = ['otp', 'mfa'];

const LOOKS_LIKE_TOTP = /^\s*\d{3}\s?\d{3}\s*$/;

/** Judges a code that somebody typed: of their authenticator application, or one of their recovery codes. */
@Injectable()
export class CodeVerifier {
  constructor(
    private readonly lockout: FactorLockout,
    private readonly totp: Totp,
    private readonly recovery: RecoveryCodes,
    private readonly events: EventLog,
  ) {}

  /**
   * Uses the code up. @throws AuthError `invalid_mfa_code`; `account_locked` or `rate_limited` after too many wrong
   * ones. A recovery code has 80 random bits: it is not counted, so that a person whose codes somebody else has used up
   * gets in with it.
   */
  async verify({ tenantId, userId }: UserRef, typed: string, client: ClientInfo): Promise<void> {
    const user = { tenantId, userId };
    if (LOOKS_LIKE_TOTP.test(typed)) return this.verifyTotp(user, typed.replace(/\s/g, ''), client);
    const left = await this.recovery.use(user, typed);
    if (left === null) throw this.refuse(user, client, 'recovery_code');
    this.events.record('recovery_code_used', { ...user, ipAddress: client.ipAddress, count: left });
  }

  private async verifyTotp(user: UserRef, code: string, client: ClientInfo): Promise<void> {
    const reservation = await this.lockout.reserve({ ...user, identifier: '' });
    const right = await this.totp.use(user, code).catch(async (error: unknown) => {
      await this.lockout.release(reservation).catch(() => undefined);
      throw error;
    });
    if (right) return this.lockout.succeeded(reservation);
    await this.lockout.failed(reservation);
    throw this.refuse(user, client, 'totp');
  }

  private refuse(user: UserRef, { ipAddress }: ClientInfo, reason: string): AuthError {
    this.events.record('mfa_failed', { ...user, ipAddress, reason });
    return new AuthError('invalid_mfa_code', 'The code is not right');
  }
}
