import { Inject, Injectable } from '@nestjs/common';
import { LOGGER } from '../../common/common.module';
import type { Logger } from '../../common/logger';
import { UserStore, type StoredPerson } from '../user.store';
import { PasswordHasher } from './password-hasher';

/** Brings a stored hash up to the current settings at the one moment when the password is known. */
@Injectable()
export class PasswordUpgrade {
  constructor(
    private readonly users: UserStore,
    private readonly hasher: PasswordHasher,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Never rejects: a login does not fail because its hash could not be improved. */
  async offer(person: StoredPerson, password: string): Promise<void> {
    const { id: userId, tenantId, passwordHash } = person;
    if (passwordHash === null || !this.hasher.needsUpgrade(passwordHash)) return;
    try {
      const better = await this.hasher.hash(password, 'upgrade');
      await this.users.upgradePasswordHash({ tenantId, userId }, passwordHash, better);
    } catch (error) {
      this.logger.warn({ err: error, user_id: userId }, 'a password hash was not upgraded; the next login tries again');
    }
  }
}
