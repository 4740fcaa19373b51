import { Injectable } from '@nestjs/common';
import type { AuthContext, ClientInfo } from '@latchkey/nest';
import { AccountRecovery } from '../identity/account-recovery.service';
import { LetterOrders } from '../identity/letters/letter-orders';
import { PasswordVerifier } from '../identity/password-verifier';
import { userOf } from './password-changes';
import { PersonNotices } from './person-notices';
import type { ChangeEmailBody } from './recovery.schemas';
import { requirePerson } from './session-directory';

/** A person changes their address: the password first, then a code at both ends. */
@Injectable()
export class EmailChanges {
  constructor(
    private readonly passwords: PasswordVerifier,
    private readonly orders: LetterOrders,
    private readonly recovery: AccountRecovery,
    private readonly notices: PersonNotices,
  ) {}

  /** The answer does not tell whether the new address belongs to another account. */
  async begin(auth: AuthContext, { email, password }: ChangeEmailBody, client: ClientInfo): Promise<void> {
    requirePerson(auth.principal);
    this.orders.assertOpen();
    await this.passwords.confirm(userOf(auth), password, client);
    await this.orders.write('email_change', userOf(auth), { address: email });
  }

  /** True when it was the second of the two codes and the address is the new one now. */
  confirm(token: string, client: ClientInfo): Promise<boolean> {
    return this.recovery.confirmEmailChange(token, async ({ changed, oldAddress, newAddress, ...user }) => {
      if (changed && oldAddress !== null) {
        await this.notices.tell('email_changed', user, client, { address: newAddress, sendTo: oldAddress });
      }
      return changed;
    });
  }
}
