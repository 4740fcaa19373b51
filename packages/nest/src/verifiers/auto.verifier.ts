import { AccessTokenVerifier } from '../access-token-verifier';
import type { AuthContext } from '../auth-context';
import { latchkeyFacts, refused } from '../claims/token-facts';
import type { ConnectionJudge } from '../connections/connection-judge';
import type { ClientCredentials } from '../http/client-credentials';
import type { VerifierRecipe } from '../verifier-recipe';
import { chosenFeed } from './common-options';
import { introspectionSettings, type IntrospectionOptions } from './introspection-options';
import { IntrospectionVerifier } from './introspection.verifier';
import { type JwksOptions } from './jwks-options';
import { JwksVerifier } from './jwks.verifier';

export interface AutoOptions extends JwksOptions {
  readonly url: string;
  readonly client: ClientCredentials;
  /** How session tokens are asked about. */
  readonly introspection?: Pick<IntrospectionOptions, 'cacheFor' | 'cacheWithFeedFor' | 'maxConcurrent'>;
}

/** Reads each token by its shape, as the service does: a change of its mode is not noticed. */
export class AutoVerifier extends AccessTokenVerifier {
  constructor(
    private readonly opaque: AccessTokenVerifier,
    private readonly signed: AccessTokenVerifier,
  ) {
    super();
  }

  override connectionJudge(): ConnectionJudge | null {
    return this.signed.connectionJudge();
  }

  override async start(): Promise<void> {
    const failed = (await Promise.allSettled([this.opaque.start(), this.signed.start()])).find(isRejected);
    if (!failed) return;
    await this.stop();
    throw failed.reason;
  }

  override async stop(): Promise<void> {
    await Promise.all([this.opaque.stop(), this.signed.stop()]);
  }

  verify(token: string, client: Parameters<AccessTokenVerifier['verify']>[1]): AuthContext | Promise<AuthContext> {
    if (token.startsWith('lk_')) return this.opaque.verify(token, client);
    if (token.startsWith('eyJ')) return this.signed.verify(token, client);
    throw refused('kind');
  }
}

/** `jwks` for JWTs and `introspection` for session tokens, with one revocation feed for both. */
export function auto(options: AutoOptions): VerifierRecipe {
  return (parts) => {
    const feed = chosenFeed(options, parts);
    const { url, client, audience, timeout, allowHttp, maxEntries, onUnreachable } = options;
    const asking = { url, client, audience, timeout, allowHttp, maxEntries, onUnreachable, ...options.introspection };
    return new AutoVerifier(
      new IntrospectionVerifier(introspectionSettings(asking), latchkeyFacts, parts, feed),
      new JwksVerifier(options, parts, feed),
    );
  };
}

function isRejected(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return result.status === 'rejected';
}
