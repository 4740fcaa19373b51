import { Inject, Injectable } from '@nestjs/common';
import * as client from 'openid-client';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { LoginAttempts, type AttemptFacts } from './login-attempts';
import { ProviderRegistry } from './provider-registry';

/** Where a browser is sent, and what it is to keep. */
export interface Departure {
  readonly location: string;
  readonly cookies: readonly string[];
}

/** Sends browsers to providers: always with PKCE by S256, a state and, where there are ID tokens, a nonce. */
@Injectable()
export class AuthorizationRequests {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly providers: ProviderRegistry,
    private readonly attempts: LoginAttempts,
  ) {}

  /** @throws AuthError `not_found`, `unavailable`, `validation_failed` */
  async begin(facts: AttemptFacts): Promise<Departure> {
    const attempt = this.attempts.begin(facts);
    const { provider, configuration } = await this.providers.connect(facts.provider);
    const { prompt, type } = provider.settings;
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: this.callbackOf(provider.name).href,
      scope: provider.scopes.join(' '),
      state: attempt.state,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
      ...(type !== 'github' && { nonce: attempt.nonce }),
      // Whoever links an identity says which one: a session that is open there is not enough.
      ...(attempt.link ? { prompt: 'login' } : prompt && { prompt }),
    });
    return { location: url.href, cookies: [this.attempts.kept(attempt)] };
  }

  /** The redirect URI of a provider, exact; with the parameters of a response where they are given. */
  callbackOf(name: string, parameters = ''): URL {
    const { publicUrl, basePath } = this.config.server;
    const url = new URL(`${publicUrl}${basePath}/auth/oidc/${name}/callback`);
    url.search = parameters;
    return url;
  }
}
