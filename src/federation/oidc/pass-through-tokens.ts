import { Injectable } from '@nestjs/common';
import {
  AuthError,
  externalTokenFacts,
  readCompactJwt,
  verifyJwt,
  type AuthContext,
  type CompactJwt,
  type FactsReader,
} from '@latchkey/nest';
import { Clock } from '../../common/clock';
import type { OidcProvider } from './oidc-provider';
import { ProviderKeys } from './provider-keys';
import { ProviderRegistry } from './provider-registry';

/** RFC 9068, and what most providers write. */
const TYPES = ['at+jwt', 'JWT'];
/** Milliseconds. */
const LEEWAY = 5_000;

interface PassedThrough {
  readonly provider: OidcProvider;
  readonly factsOf: FactsReader;
}

/** Access tokens of providers whose own tokens are the login. */
@Injectable()
export class PassThroughTokens {
  private readonly byIssuer: ReadonlyMap<string, PassedThrough>;

  constructor(
    private readonly providers: ProviderRegistry,
    private readonly keys: ProviderKeys,
    private readonly clock: Clock,
  ) {
    const passed = providers.all.filter(({ settings }) => settings.passThrough);
    this.byIssuer = new Map(passed.map((provider) => [provider.issuer, { provider, factsOf: readerOf(provider) }]));
  }

  /** False where no provider is configured so. */
  get areUsed(): boolean {
    return this.byIssuer.size > 0;
  }

  /** Whether it claims to be of one of the providers. Nothing of it is believed yet. */
  recognises(token: string): boolean {
    return this.claimed(token) !== null;
  }

  /** @throws AuthError `token_expired`, `invalid_token`; `unavailable` when the keys of the provider are not known. */
  async prove(token: string): Promise<AuthContext> {
    const claimed = this.claimed(token);
    if (!claimed) throw refused('issuer');
    const { jwt, provider, factsOf } = claimed;
    const key = await this.keys.find(await this.providers.connect(provider.name), jwt);
    if (!key) throw refused('key');
    const { issuer, clientId, settings } = provider;
    const claims = verifyJwt(jwt, key, {
      issuer,
      audience: settings.audience ?? clientId,
      types: TYPES,
      required: ['sub', 'exp', 'iat'],
      leeway: LEEWAY,
      now: this.clock.now(),
    });
    // An audience may be shared; a token that another client was given is not a login here.
    for (const party of [claims['azp'], claims['client_id']]) {
      if (party !== undefined && party !== clientId) throw refused('client');
    }
    return factsOf(claims, 'stateless').context;
  }

  private claimed(token: string): (PassedThrough & { readonly jwt: CompactJwt }) | null {
    const jwt = readCompactJwt(token, 'foreign');
    const issuer = jwt?.claims['iss'];
    const passed = typeof issuer === 'string' ? this.byIssuer.get(issuer) : undefined;
    return jwt && passed ? { jwt, ...passed } : null;
  }
}

function readerOf({ mapping, settings: { tenant }, rules: { governsRole } }: OidcProvider): FactsReader {
  const read = externalTokenFacts({ claims: mapping, tenant });
  if (!governsRole) return read;
  return (claims, mode) => {
    const { context, revocable } = read(claims, mode);
    const roles = Object.freeze(context.principal.roles.filter(governsRole));
    const principal = Object.freeze({ ...context.principal, roles });
    return { context: Object.freeze({ ...context, principal }), revocable };
  };
}

function refused(detail: string): AuthError {
  return new AuthError('invalid_token', 'The access token is not valid', { detail });
}
