import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock';
import type { UserRef } from '../user.store';
import { SamlSessionStore, type LoginRef, type ProviderSession } from './saml-session.store';

/** Milliseconds: no login lasts longer. */
const LONGEST_LOGIN = 400 * 24 * 60 * 60_000;

/** Sessions of SAML providers, and the logins that they began here. */
@Injectable()
export class SamlSessions {
  constructor(
    private readonly store: SamlSessionStore,
    private readonly clock: Clock,
  ) {}

  /** `session` stands behind a login that has just begun. */
  async began(login: LoginRef & UserRef, session: ProviderSession): Promise<void> {
    const { tenantId, userId, sessionId } = login;
    const expiresAt = new Date(this.clock.now() + LONGEST_LOGIN);
    await this.store.note({ tenantId, userId, sessionId, ...session, expiresAt });
  }

  /** Null where no SAML provider began the login. */
  behind(login: LoginRef): Promise<ProviderSession | null> {
    return this.store.behind(login);
  }
}
