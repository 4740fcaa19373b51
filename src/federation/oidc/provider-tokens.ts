import { Injectable } from '@nestjs/common';
import * as client from 'openid-client';
import { z } from 'zod';
import { Clock } from '../../common/clock';
import { RootKeys } from '../../keys/root-keys';
import { seal, unseal } from '../../keys/sealed-box';
import type { UserRef } from '../../identity/user.store';
import type { IdentityKey } from '../federated-identity';
import { ProviderTokenStore, type StoredTokens } from '../provider-token.store';
import type { ProviderTokenSet } from './claims-reader';
import { asFailure, tokenSetOf } from './code-redemption';
import { ProviderRegistry } from './provider-registry';

const keptTokens = z.object({
  accessToken: z.string(),
  refreshToken: z.string().optional(),
  idToken: z.string().optional(),
  /** Milliseconds; left out where the provider does not say. */
  expiresAt: z.number().optional(),
});

/** Tokens of a provider as they are kept. */
export type KeptTokens = z.infer<typeof keptTokens>;

const PURPOSE = 'provider-tokens';
/** Milliseconds. A token that ends sooner is renewed first. */
const MARGIN = 30_000;

/** What people's providers gave for them, where the configuration keeps it: sealed, and renewed when it is asked for. */
@Injectable()
export class ProviderTokens {
  private readonly renewals = new Map<string, Promise<KeptTokens>>();

  constructor(
    private readonly store: ProviderTokenStore,
    private readonly roots: RootKeys,
    private readonly providers: ProviderRegistry,
    private readonly clock: Clock,
  ) {}

  async keep(key: IdentityKey, { expiresIn, ...tokens }: ProviderTokenSet): Promise<KeptTokens> {
    const expiresAt = expiresIn === undefined ? undefined : this.clock.now() + expiresIn * 1_000;
    const kept = { ...tokens, expiresAt };
    const sealed = seal(this.roots.derive(PURPOSE), Buffer.from(JSON.stringify(kept)), contextOf(key));
    await this.store.keep(key, { sealed, sealedBy: this.roots.currentId });
    return kept;
  }

  /** Null when none are kept, or they have ended for good. @throws AuthError `unavailable` when the provider is away. */
  async get(user: UserRef, provider: string): Promise<KeptTokens | null> {
    const stored = await this.store.find(user, provider);
    const tokens = stored && this.opened(stored);
    if (!stored || !tokens) return null;
    if (tokens.expiresAt === undefined || tokens.expiresAt > this.clock.now() + MARGIN) return tokens;
    if (tokens.refreshToken === undefined) return null;
    return this.renewed(provider, stored, tokens as KeptTokens & { refreshToken: string });
  }

  /** As it was given; it may have expired. For a logout at the provider. */
  async idToken(user: UserRef, provider: string): Promise<string | null> {
    const stored = await this.store.find(user, provider);
    return (stored && this.opened(stored)?.idToken) ?? null;
  }

  /** Providers take a refresh token once: of several who ask at once one renews for all. */
  private renewed(provider: string, key: IdentityKey, tokens: KeptTokens & { refreshToken: string }) {
    const name = contextOf(key);
    const running = this.renewals.get(name) ?? this.renew(provider, key, tokens);
    this.renewals.set(name, running);
    return running.finally(() => this.renewals.delete(name));
  }

  private async renew(provider: string, key: IdentityKey, tokens: KeptTokens & { refreshToken: string }) {
    const { configuration } = await this.providers.connect(provider);
    try {
      const answer = await client.refreshTokenGrant(configuration, tokens.refreshToken);
      const { refreshToken, idToken, ...fresh } = tokenSetOf(answer);
      return await this.keep(key, {
        ...fresh,
        refreshToken: refreshToken ?? tokens.refreshToken,
        idToken: idToken ?? tokens.idToken,
      });
    } catch (error) {
      throw asFailure(error);
    }
  }

  private opened({ sealed, sealedBy, ...key }: StoredTokens): KeptTokens | null {
    const root = this.roots.deriveWith(sealedBy, PURPOSE);
    const plain = root && unseal(root, sealed, contextOf(key));
    return plain && keptTokens.parse(JSON.parse(plain.toString()));
  }
}

function contextOf({ tenantId, issuer, subject }: IdentityKey): string {
  return JSON.stringify([PURPOSE, tenantId, issuer, subject]);
}
