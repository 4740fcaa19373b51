import { AuthError, type ClientInfo } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { EventLog } from '../common/event-log';
import { LockoutService, type Reservation } from '../protection/lockout.service';
import type { KnownDevice } from './factors/device.store';
import { LoginDirectory } from './login-directory';
import { PasswordHasher } from './passwords/password-hasher';
import { assertHashable } from './passwords/password-rules';
import { PasswordUpgrade } from './passwords/password-upgrade';
import { verifiedPerson, type PasswordProof } from './person';
import type { StoredPerson, UserRef } from './user.store';

/** Someone claims to be `identifier` of a tenant; null is a tenant that does not exist. */
export interface PasswordAttempt {
  readonly tenantId: string | null;
  readonly identifier: string;
  readonly password: string;
  readonly client: ClientInfo;
  /** From an earlier login on this device: wrong passwords from elsewhere do not lock it out. */
  readonly deviceToken?: string;
}

type FailureReason = 'unknown_user' | 'wrong_password' | 'disabled' | 'not_verified' | 'locked' | 'rate_limited';

/** Answers whether a password is right. Unknown and wrong do equal work and get one answer. */
@Injectable()
export class PasswordVerifier {
  constructor(
    private readonly lockout: LockoutService,
    private readonly directory: LoginDirectory,
    private readonly hasher: PasswordHasher,
    private readonly upgrade: PasswordUpgrade,
    private readonly events: EventLog,
  ) {}

  /**
   * Throws `invalid_credentials`, `account_locked`, `rate_limited`, `overloaded`, and `account_disabled` or
   * `email_not_verified` only after the right password. Records failures; success is the caller's to record.
   */
  async verify(attempt: PasswordAttempt): Promise<PasswordProof> {
    assertHashable(attempt.password);
    const { tenantId, identifier, deviceToken } = attempt;
    const { person: found, device } = await this.directory.find(tenantId, identifier, deviceToken);
    const person = await this.prove(attempt, found, device);
    if (this.directory.awaitsVerification(person)) throw this.refuse(attempt, 'not_verified', person);
    await this.upgrade.offer(person, attempt.password);
    return { ...verifiedPerson(person), secondFactors: person.secondFactors, device };
  }

  /** The same for somebody who is signed in and proves who they are once more. Wrong passwords count like those of logins. */
  async confirm({ tenantId, userId }: UserRef, password: string, client: ClientInfo): Promise<void> {
    assertHashable(password);
    const person = await this.directory.findAgain({ tenantId, userId });
    await this.prove({ tenantId, identifier: userId, password, client }, person, null);
  }

  private async prove(
    attempt: PasswordAttempt,
    person: StoredPerson | null,
    device: KnownDevice | null,
  ): Promise<StoredPerson> {
    const reservation = await this.reserve(attempt, person, device);
    const right = await this.judge(attempt, person, reservation);
    if (!person || !right) {
      await this.lockout.failed(reservation);
      throw this.refuse(attempt, person ? 'wrong_password' : 'unknown_user', person);
    }
    await this.lockout.succeeded(reservation);
    if (person.status !== 'active') throw this.refuse(attempt, 'disabled', person);
    return person;
  }

  private async reserve(
    attempt: PasswordAttempt,
    person: StoredPerson | null,
    device: KnownDevice | null,
  ): Promise<Reservation> {
    const { tenantId, identifier } = attempt;
    try {
      return await this.lockout.reserve({ tenantId, identifier, userId: person?.id, deviceId: device?.id });
    } catch (error) {
      const code = error instanceof AuthError ? error.code : undefined;
      if (code === 'account_locked') this.record(attempt, 'locked', person);
      if (code === 'rate_limited') this.record(attempt, 'rate_limited', person);
      throw error;
    }
  }

  private async judge(
    attempt: PasswordAttempt,
    person: StoredPerson | null,
    reservation: Reservation,
  ): Promise<boolean> {
    try {
      return await this.hasher.verify(attempt.password, person?.passwordHash ?? null);
    } catch (error) {
      // Best effort: a place that cannot be given back now expires by itself.
      await this.lockout.release(reservation).catch(() => undefined);
      throw error;
    }
  }

  private refuse(attempt: PasswordAttempt, reason: FailureReason, person: StoredPerson | null): AuthError {
    this.record(attempt, reason, person);
    if (reason === 'disabled') return new AuthError('account_disabled', 'This account is disabled');
    if (reason === 'not_verified') return new AuthError('email_not_verified', 'Confirm your e-mail address first');
    return new AuthError('invalid_credentials', 'The credentials are not right');
  }

  private record(attempt: PasswordAttempt, reason: FailureReason, person: StoredPerson | null = null): void {
    this.events.record('login_failed', {
      tenantId: attempt.tenantId ?? undefined,
      userId: person?.id,
      ipAddress: attempt.client.ipAddress,
      reason,
    });
  }
}
