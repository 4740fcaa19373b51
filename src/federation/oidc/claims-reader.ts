import { AuthError, textAt, textsAt } from '@latchkey/nest';
import type { FederatedIdentity } from '../federated-identity';
import type { OidcProvider } from './oidc-provider';

type Claims = Readonly<Record<string, unknown>>;

/** What a provider has proven about one sign-in. */
export interface ProvenSignIn {
  readonly provider: OidcProvider;
  readonly identity: FederatedIdentity;
  /** Id or slug; null where the claims say nothing, undefined where they are not asked. */
  readonly tenant: string | null | undefined;
  /** What is taken over into the login. */
  readonly amr: readonly string[];
  readonly authTime?: Date;
  /** The provider's own session. */
  readonly sid: string | null;
  readonly tokens: ProviderTokenSet;
}

export interface ProviderTokenSet {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** Seconds. */
  readonly expiresIn?: number;
}

/** OpenID Connect Core, 2: at most 255 ASCII characters. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/;
const LONGEST_SID = 255;

/** Reads verified claims. @throws AuthError `federated_login_failed` */
export function provenSignIn(provider: OidcProvider, claims: Claims, tokens: ProviderTokenSet): ProvenSignIn {
  const { sid, auth_time: authTime } = claims;
  return {
    provider,
    identity: identityOf(provider, claims),
    tenant: provider.claims.tenant === null ? undefined : textAt(provider.claims.tenant, claims),
    amr: provesMfa(provider, claims) ? ['mfa'] : [],
    authTime: typeof authTime === 'number' && Number.isFinite(authTime) ? new Date(authTime * 1_000) : undefined,
    sid: typeof sid === 'string' && sid !== '' && sid.length <= LONGEST_SID ? sid : null,
    tokens,
  };
}

function identityOf({ name, issuer, claims: paths, settings, rules }: OidcProvider, claims: Claims): FederatedIdentity {
  const { sub } = claims;
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw notProven('sub');
  return {
    provider: name,
    issuer,
    subject: sub,
    email: textAt(paths.email, claims),
    // `email_verified` is about the claim `email` and no other; a text or a number is not a yes.
    emailVerified: claims['email_verified'] === true && settings.claims.email === 'email',
    username: textAt(paths.username, claims),
    name: textAt(paths.name, claims),
    roles: rules.governsRole && textsAt(paths.roles, claims).filter(rules.governsRole).filter(isRole),
  };
}

function provesMfa({ settings }: OidcProvider, { amr, acr }: Claims): boolean {
  if (!settings.trustMfa) return false;
  return (Array.isArray(amr) && amr.includes('mfa')) || settings.mfaAcrValues.some((value) => value === acr);
}

function isRole(role: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(role);
}

/** The one answer to whatever is wrong with a sign-in. */
export function notProven(detail: string, cause?: unknown): AuthError {
  return new AuthError('federated_login_failed', 'The sign-in at the provider could not be confirmed', {
    detail,
    cause,
  });
}
