import { z } from 'zod';
import { redirectUri } from './redirect-uri';
import { samlProviders } from './saml.schema';
import { distinct, oneOf, secret } from './setting-kinds';

const httpUrl = z.string().refine(isIssuer, {
  error: 'must be an http:// or https:// URL without user, query, fragment and /.well-known/',
});

/** A path into claims, as in `realm_access.roles`. */
const claim = z.string().regex(/^(?:\\.|[^.\\])+(?:\.(?:\\.|[^.\\])+)*$/s, {
  error: 'must be names separated by dots, such as realm_access.roles; a dot inside a name is written \\.',
});

const claims = z.strictObject({
  tenant: claim.optional().describe('Id or slug of the tenant. Empty: tenant_id for keycloak, else none.'),
  roles: distinct(claim)
    .optional()
    .describe(
      'Where roles are. Empty: for keycloak those of the realm and of the own client (with pass_through of the client alone), for the rest roles.',
    ),
  email: claim.prefault('email').describe('The e-mail address.'),
  username: claim.prefault('preferred_username').describe('The username.'),
  name: claim.prefault('name').describe('The full name.'),
});

/** One provider. */
const provider = z.strictObject({
  type: oneOf('generic', 'keycloak', 'google', 'microsoft', 'github').prefault('generic').describe('What it is.'),
  issuer: httpUrl.optional().describe('As its metadata says, letter for letter. Known for google and github.'),
  client_id: z.string().min(1).max(255).optional().describe('The client that this service is there. Required.'),
  client_secret: secret().optional().describe('Its secret. Empty: a public client.'),
  token_auth: oneOf('basic', 'post').prefault('basic').describe('How the secret is sent to the token endpoint.'),
  scopes: distinct(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'must be one scope' }))
    .optional()
    .describe('What is asked for. Empty: openid, email and profile; for github read:user and user:email.'),
  tenant: z.string().min(1).max(63).optional().describe('Slug or id of the tenant that all its people belong to.'),
  claims: claims.prefault({}).describe('Where ID tokens say what.'),
  roles_allowed: distinct(
    z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\*?$/, { error: 'must be a role, or the beginning of roles and *' }),
  )
    .prefault([])
    .describe('Roles that it gives and takes away; app-* is all that begin so. admin and platform_admin only by name.'),
  algorithms: distinct(oneOf('RS256', 'PS256', 'ES256', 'EdDSA'))
    .refine((all) => all.length > 0, { error: 'must name at least one algorithm' })
    .prefault(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('Algorithms that its tokens may be signed with.'),
  registration: oneOf('open', 'closed').prefault('closed').describe('open: unknown people get an account.'),
  link_by_verified_email: z
    .boolean()
    .prefault(false)
    .describe('An address that is verified there and here leads to the account that has it.'),
  trust_mfa: z.boolean().prefault(false).describe('Its word that a second factor was proven is taken.'),
  mfa_acr_values: distinct(z.string().min(1)).prefault([]).describe('Values of acr that mean so, beside mfa in amr.'),
  store_tokens: z.boolean().prefault(false).describe('Keep its tokens, sealed, for the application.'),
  pass_through: z
    .boolean()
    .prefault(false)
    .describe('Its own tokens are the login, in cookies: no account and no session here.'),
  audience: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('aud of its access tokens, for pass_through. Empty: the client_id.'),
  prompt: oneOf('login', 'consent', 'select_account').optional().describe('What the provider asks the person.'),
  redirect_uris: distinct(redirectUri)
    .prefault([])
    .describe('Exact redirect URIs of applications that exchange codes.'),
  allow_private_network: z
    .boolean()
    .prefault(false)
    .describe('It may be in a private network; outside production also on plain http at a loopback address.'),
});

/** `federation`: signing in with identities of others. */
export const federationSchema = z.strictObject({
  oidc: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, { error: 'must be small letters, digits and dashes' }), provider)
    .prefault({})
    .describe('Providers of OpenID Connect, by the name that stands in their routes.'),
  saml: samlProviders,
});

function isIssuer(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text) || text.includes('/.well-known/')) return false;
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === '');
}
