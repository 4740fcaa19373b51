import type { FactsReader } from '../claims/claim-mapping';
import { refused, type TokenFacts } from '../claims/token-facts';
import type { KeySource } from '../jwks/key-source';
import { readCompactJwt, type JwtSpelling } from '../jwt/compact-jwt';
import { hasSignatureOf } from '../jwt/jwt-signature';
import { verifyJwt } from '../jwt/verify-jwt';

/** One issuer whose tokens are taken: its name, its keys, and how its claims are read. */
export interface TrustedIssuer {
  /** Null until it is discovered. */
  readonly issuer: string | null;
  /** @throws AuthError `unavailable` when the name cannot be learned now. */
  readonly discover?: () => Promise<void>;
  readonly audience: string;
  readonly types: readonly (string | null)[];
  readonly spelling: JwtSpelling;
  readonly required?: readonly string[];
  /** Milliseconds. */
  readonly leeway: number;
  readonly keys: KeySource;
  readonly factsOf: FactsReader;
}

/**
 * The issuer that a token claims to be from, before anything of it is believed: its keys are the only ones that the
 * token is then checked with, and its name is compared once more with the signature checked.
 */
export async function issuerOf(token: string, issuers: readonly TrustedIssuer[]): Promise<TrustedIssuer> {
  const claimed = readCompactJwt(token, 'foreign')?.claims['iss'];
  if (typeof claimed !== 'string') throw refused('issuer');
  const named = (): TrustedIssuer | undefined => issuers.find((one) => one.issuer === claimed);
  const known = named();
  if (known) return known;
  // Only a token of somebody unknown may be of the one whose name is not known yet.
  for (const { issuer, discover } of issuers) if (issuer === null) await discover?.();
  const discovered = named();
  if (!discovered) throw refused('issuer');
  return discovered;
}

/**
 * Proves a token of this issuer, with its keys alone.
 * @throws AuthError `token_expired` or `invalid_token`; `unavailable` when the issuer's keys are not known.
 */
export async function proveBy(trusted: TrustedIssuer, token: string, clock: { now(): number }): Promise<TokenFacts> {
  const { issuer, audience, types, required, leeway, spelling, factsOf } = trusted;
  const jwt = readCompactJwt(token, spelling);
  if (!jwt || issuer === null) throw refused('header');
  const keys = await trusted.keys.keysFor(jwt);
  // With one key the signature is checked once, below.
  const key = keys.length === 1 ? keys[0] : keys.find((one) => hasSignatureOf(jwt, one));
  if (!key) throw refused('signature');
  const claims = verifyJwt(jwt, key, { issuer, audience, types, required, leeway, now: clock.now() });
  return factsOf(claims, 'stateless');
}
