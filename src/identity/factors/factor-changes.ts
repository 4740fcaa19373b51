import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import type { Queryable } from '../../database/database';
import { AccountChanges, type FactorChange } from '../account-changes.service';
import { FactorReset } from '../factor-reset';
import type { UserRef } from '../user.store';
import { PasskeyStore, type Passkey } from './passkey.store';
import type { NewPasskey } from './passkeys';
import { RecoveryCodes } from './recovery-codes';
import { Totp, type TotpConfirmation } from './totp';

/** What becomes of the person's logins. */
export type SparedLogins = Pick<FactorChange, 'endsLogins' | 'exceptSessionId'>;

const MOST_PASSKEYS = 25;

/** Second factors are set up and removed: each in one transaction with its recovery codes and the logins it ends. */
@Injectable()
export class FactorChanges extends FactorReset {
  constructor(
    private readonly changes: AccountChanges,
    private readonly totp: Totp,
    private readonly recovery: RecoveryCodes,
    private readonly passkeys: PasskeyStore,
  ) {
    super();
  }

  /** Recovery codes where the account had none; null when the enrolment was overtaken by another. */
  async addTotp(user: UserRef, confirmation: TotpConfirmation, logins: SparedLogins): Promise<string[] | null> {
    const write = async (tx: Queryable) =>
      (await this.totp.confirm(tx, user, confirmation)) ? this.recovery.makeFirst(tx, user) : null;
    return this.changes.changeFactors(user, { kind: 'totp_added', ...logins }, write);
  }

  /** False when there was none. */
  async removeTotp(user: UserRef, logins: SparedLogins): Promise<boolean> {
    const write = async (tx: Queryable) =>
      (await this.totp.remove(tx, user)) ? this.recovery.removeWithLastFactor(tx, user) : null;
    return (await this.changes.changeFactors(user, { kind: 'totp_removed', ...logins }, write)) !== null;
  }

  /** @throws AuthError `conflict` when it is known already or the account has very many. */
  async addPasskey(
    user: UserRef,
    passkey: NewPasskey,
    logins: SparedLogins,
  ): Promise<{ passkey: Passkey; recoveryCodes: string[] }> {
    const write = async (tx: Queryable) => {
      const added = await this.passkeys.add(tx, passkey, MOST_PASSKEYS);
      return added && { passkey: added, recoveryCodes: await this.recovery.makeFirst(tx, user) };
    };
    const added = await this.changes.changeFactors(user, { kind: 'passkey_added', ...logins }, write);
    if (!added) throw new AuthError('conflict', 'This passkey cannot be added');
    return added;
  }

  /** False when the account has no such passkey. */
  async removePasskey(user: UserRef, id: string, logins: SparedLogins): Promise<boolean> {
    const write = async (tx: Queryable) =>
      (await this.passkeys.remove(tx, user, id)) > 0 ? this.recovery.removeWithLastFactor(tx, user) : null;
    return (await this.changes.changeFactors(user, { kind: 'passkey_removed', ...logins }, write)) !== null;
  }

  /** Ten new codes; the earlier ones are worth nothing from then on. */
  async renewRecoveryCodes(user: UserRef, logins: SparedLogins): Promise<string[]> {
    const write = (tx: Queryable) => this.recovery.replace(tx, user);
    const codes = await this.changes.changeFactors(user, { kind: 'recovery_codes_renewed', ...logins }, write);
    return codes ?? [];
  }

  override async reset(user: UserRef): Promise<number> {
    const write = async (tx: Queryable) => {
      const removed = Number(await this.totp.remove(tx, user)) + (await this.passkeys.remove(tx, user, null));
      await this.recovery.removeAll(tx, user);
      return removed > 0 ? removed : null;
    };
    return (await this.changes.changeFactors(user, { kind: 'factors_reset', endsLogins: true }, write)) ?? 0;
  }
}
