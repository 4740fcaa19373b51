import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock';
import { sha256 } from '../../common/digest';
import type { Queryable } from '../../database/database';
import type { UserRef } from '../user.store';
import { RecoveryCodeStore } from './recovery-code.store';

const HOW_MANY = 10;
/** Without letters that are taken for digits; 32 of them, five bits each. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz023456789';
const LETTERS = 16;
const CODE = new RegExp(`^[${ALPHABET}]{${LETTERS}}$`);

/** Ten codes for the day when the telephone is gone. Each has 80 random bits and works once. */
@Injectable()
export class RecoveryCodes {
  constructor(
    private readonly store: RecoveryCodeStore,
    private readonly clock: Clock,
  ) {}

  /** Ten new ones in place of all earlier ones; told once. */
  async replace(tx: Queryable, user: UserRef): Promise<string[]> {
    const codes = Array.from({ length: HOW_MANY }, newCode);
    const hashes = codes.map((code) => hashOf(user, code));
    await this.store.replace(tx, user, hashes, this.clock.date());
    return codes.map((code) => code.replace(/(.{4})(?!$)/g, '$1-'));
  }

  /** How many are left; null when it is not one of theirs, or was used. Spaces, dashes and capitals do not matter. */
  async use(user: UserRef, typed: string): Promise<number | null> {
    const code = typed.replace(/[\s-]/g, '').toLowerCase();
    return CODE.test(code) ? this.store.use(user, hashOf(user, code)) : null;
  }

  /** The same where the account has none yet; an empty list where it has. */
  async makeFirst(tx: Queryable, user: UserRef): Promise<string[]> {
    return (await this.store.count(user, tx)) > 0 ? [] : this.replace(tx, user);
  }

  /** Codes alone prove nothing: they go with the last factor that they stand in for. */
  async removeWithLastFactor(tx: Queryable, user: UserRef): Promise<true> {
    await this.store.removeOrphaned(tx, user);
    return true;
  }

  count(user: UserRef): Promise<number> {
    return this.store.count(user);
  }

  removeAll(tx: Queryable, user: UserRef): Promise<void> {
    return this.store.removeAll(tx, user);
  }
}

function newCode(): string {
  return Array.from(randomBytes(LETTERS), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

function hashOf({ tenantId, userId }: UserRef, code: string): Buffer {
  return sha256(`recovery code\n${tenantId}\n${userId}\n${code}`);
}
