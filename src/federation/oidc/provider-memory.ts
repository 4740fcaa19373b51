import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import type { UserRef } from '../../identity/user.store';
import { ProviderSessionStore } from '../../identity/federated/provider-session.store';
import type { ProvenSignIn } from './claims-reader';
import { ProviderTokens } from './provider-tokens';

/** What is kept of a sign-in: whose the provider's session is, and its tokens where the configuration says so. */
@Injectable()
export class ProviderMemory {
  private readonly longestLogin: number;

  constructor(
    @Inject(CONFIG) { auth }: Config,
    private readonly sessions: ProviderSessionStore,
    private readonly tokens: ProviderTokens,
    private readonly clock: Clock,
  ) {
    this.longestLogin = Math.max(auth.session.refreshTokenTtl, auth.jwt.refreshTokenTtl);
  }

  async note(user: UserRef, { identity, sid, tokens, provider }: ProvenSignIn): Promise<void> {
    const { issuer, subject } = identity;
    if (sid !== null) {
      const expiresAt = new Date(this.clock.now() + this.longestLogin);
      await this.sessions.note({ ...user, issuer, sid, expiresAt });
    }
    if (provider.settings.storeTokens) await this.tokens.keep({ tenantId: user.tenantId, issuer, subject }, tokens);
  }
}
