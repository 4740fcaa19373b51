import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import { PasswordVerifier } from '../identity/password-verifier';
import type { PasswordOwner } from '../identity/passwords/password-policy';
import { RegistrationService } from '../identity/registration.service';
import type { UserRef } from '../identity/user.store';

/** What is asked of passwords around a change. */
@Injectable()
export class NewPasswords {
  constructor(
    private readonly verifier: PasswordVerifier,
    private readonly accounts: RegistrationService,
  ) {}

  confirm(user: UserRef, password: string, client: ClientInfo): Promise<void> {
    return this.verifier.confirm(user, password, client);
  }

  /** Names the field that the password came in. */
  async hash(password: string, pointer: string, owner: PasswordOwner = {}): Promise<string> {
    try {
      return await this.accounts.hashNew(password, owner);
    } catch (error) {
      if (!(error instanceof AuthError) || !error.errors) throw error;
      const errors = error.errors.map(({ message }) => ({ pointer, message }));
      throw new AuthError(error.code, error.message, { errors, extensions: error.extensions, cause: error });
    }
  }
}
