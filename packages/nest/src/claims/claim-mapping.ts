import type { AuthMode, Principal } from '../auth-context';
import type { JsonObject } from '../http/bounded-fetch';
import { claimPath, textAt, textsAt, type ClaimPath } from './claim-path';
import { contextOf, refused, text, type TokenFacts } from './token-facts';

/** Where another issuer's tokens say what a `Principal` holds: paths as in `realm_access.roles`. */
export interface ClaimMapping {
  /** Default `sub`. */
  readonly userId?: string;
  /** Default `tenant_id`. Not read when the issuer has a fixed tenant. */
  readonly tenant?: string;
  /** Every string they lead to is a role. Default `roles`. */
  readonly roles?: readonly string[];
  /** Default `email`. */
  readonly email?: string;
  /** Default `preferred_username`. */
  readonly username?: string;
  /** Default `name`. */
  readonly name?: string;
  /** Default `sid`. */
  readonly sessionId?: string;
}

export interface ForeignClaims {
  readonly claims?: ClaimMapping;
  /** Everyone of this issuer belongs to this tenant, whatever the token says. */
  readonly tenant?: string;
}

/** Reads verified claims by a mapping. @throws AuthError `invalid_token` when user or tenant cannot be told. */
export type FactsReader = (claims: JsonObject, mode: AuthMode) => TokenFacts;

/** @throws Error when a path cannot be read. */
export function mappedFacts({ claims: mapping = {}, tenant }: ForeignClaims): FactsReader {
  const at = (path: string | undefined, usual: string): ClaimPath => claimPath(path ?? usual);
  const paths = {
    userId: at(mapping.userId, 'sub'),
    tenant: at(mapping.tenant, 'tenant_id'),
    email: at(mapping.email, 'email'),
    username: at(mapping.username, 'preferred_username'),
    name: at(mapping.name, 'name'),
    sessionId: at(mapping.sessionId, 'sid'),
  };
  const roles = (mapping.roles ?? ['roles']).map(claimPath);
  return (claims, mode) => {
    const principal: Principal = Object.freeze({
      kind: 'user' as const,
      userId: textAt(paths.userId, claims) ?? missing('user'),
      tenantId: tenant ?? textAt(paths.tenant, claims) ?? missing('tenant'),
      email: textAt(paths.email, claims),
      username: textAt(paths.username, claims),
      name: textAt(paths.name, claims),
      roles: Object.freeze(textsAt(roles, claims)),
    });
    const issuer = text(claims['iss']) ?? undefined;
    return {
      context: contextOf({ principal, claims, mode, sessionId: textAt(paths.sessionId, claims), issuer }),
      revocable: null,
    };
  };
}

function missing(what: string): never {
  throw refused(`no ${what} in the claims`);
}
