import { AuthError, type ClientInfo } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { EventLog } from '../common/event-log';
import { LockoutService, type Reservation } from '../protection/lockout.service';
import { LoginDirectory } from './login-directory';
import { PasswordHasher } from './passwords/password-hasher';
import { assertHashable } from './passwords/password-rules';
import { PasswordUpgrade } from './passwords/password-upgrade';
import type { StoredPerson } from './user.store';
import type { VerifiedPerson } from './verified-person';

/** Someone claims to be `identifier` of a tenant; null is a tenant that does not exist. */
export interface PasswordAttempt {
  readonly tenantId: string | null;
  readonly identifier: string;
  readonly password: string;
  readonly client: ClientInfo;
}

type FailureReason = 'unknown_user' | 'wrong_password' | 'disabled' | 'locked' | 'rate_limited';

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
   * Throws `invalid_credentials`, `account_locked`, `rate_limited`, `overloaded`, and `account_disabled` only after the
   * right password. Records failures; success is the caller's to record.
   */
  async verify(attempt: PasswordAttempt): Promise<VerifiedPerson> {
    assertHashable(attempt.password);
    const person = await this.directory.find(attempt.tenantId, attempt.identifier);
    const reservation = await this.reserve(attempt, person);
    const right = await this.judge(attempt, person, reservation);
    if (!person || !right) {
      await this.lockout.failed(reservation);
      throw this.refuse(attempt, person ? 'wrong_password' : 'unknown_user', person);
    }
    await this.lockout.succeeded(reservation);
    if (person.status !== 'active') throw this.refuse(attempt, 'disabled', person);
    await this.upgrade.offer(person, attempt.password);
    return verified(person);
  }

  private async reserve(attempt: PasswordAttempt, person: StoredPerson | null): Promise<Reservation> {
    const { tenantId, identifier } = attempt;
    try {
      return await this.lockout.reserve({ tenantId, identifier, userId: person?.id });
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

function verified(person: StoredPerson): VerifiedPerson {
  const { id: userId, tenantId, email, username, name, roles, generations } = person;
  return { principal: { kind: 'user', userId, tenantId, email, username, name, roles }, generations };
}
