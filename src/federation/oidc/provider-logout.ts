import { Inject, Injectable } from '@nestjs/common';
import * as client from 'openid-client';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { ProviderCookies } from '../../sign-in/provider-cookies';
import { ProviderLogins } from '../../sign-in/provider-logins';
import { ReturnTargets } from '../../sign-in/return-target';
import { SignOut, type Leaver } from '../../sign-in/sign-out';
import { ProviderRegistry } from './provider-registry';
import { ProviderTokens } from './provider-tokens';

/** Signs out here, then at the provider (OpenID Connect RP-Initiated Logout 1.0). */
@Injectable()
export class ProviderLogout {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly providers: ProviderRegistry,
    private readonly tokens: ProviderTokens,
    private readonly signOut: SignOut,
    private readonly cookies: ProviderCookies,
    private readonly passed: ProviderLogins,
    private readonly targets: ReturnTargets,
  ) {}

  /** Where the browser goes: to the provider, or straight to the target when it knows no such thing. */
  async end(name: string, leaver: Leaver, returnTo?: string): Promise<string> {
    const target = this.targets.check(returnTo);
    const provider = await this.ended(name, leaver);
    const { configuration } = await this.providers.connect(provider);
    if (configuration.serverMetadata().end_session_endpoint === undefined) return target;
    const hint = await this.hint(provider, leaver);
    return client.buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: new URL(target, this.config.server.publicUrl).href,
      ...(hint && { id_token_hint: hint }),
    }).href;
  }

  /** Ours ends first: a provider that is away must not keep it. */
  private async ended(name: string, leaver: Leaver): Promise<string> {
    const provider = this.providers.get(name).name;
    await this.signOut.end(leaver);
    const passed = this.cookies.refreshable(leaver.cookieHeader);
    if (passed) await this.passed.end(passed);
    return provider;
  }

  private async hint(provider: string, { auth, cookieHeader }: Leaver): Promise<string | null> {
    const kept = this.cookies.identity(cookieHeader);
    if (kept?.provider === provider) return kept.idToken;
    return auth && auth.issuer === undefined ? this.tokens.idToken(auth.principal, provider) : null;
  }
}
