import { z } from 'zod';
import { redirectUri } from './redirect-uri';
import { distinct, duration, oneOf, secret } from './setting-kinds';

const url = z.string().refine(isHttpUrl, { error: 'must be an http:// or https:// URL without user and fragment' });
const pem = z.string().includes('-----BEGIN CERTIFICATE-----', { error: 'must be a certificate in PEM' });
const attributeName = z.string().min(1).max(256);

const idp = z.strictObject({
  entity_id: z.string().min(1).max(1024).optional().describe("The provider's name for itself."),
  sso_url: url.optional().describe('Where browsers are sent to sign in (redirect binding).'),
  slo_url: url.optional().describe('Where browsers are sent to sign out (redirect binding).'),
  certificates: distinct(pem).prefault([]).describe('What it signs with, in PEM; two while it changes its key.'),
});

const attributes = z.strictObject({
  email: attributeName
    .optional()
    .describe('The e-mail address. Empty: the name itself where its format is an address.'),
  name: attributeName.optional().describe('The full name.'),
  username: attributeName.optional().describe('The username.'),
  roles: attributeName.optional().describe('Roles, one in each value.'),
  tenant: attributeName.optional().describe('Id or slug of the tenant.'),
});

/** One provider of SAML 2.0. */
const provider = z.strictObject({
  entity_id: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe('The name of this service there. Empty: its metadata URL.'),
  metadata_url: url.optional().describe("The provider's metadata, read again each hour."),
  metadata_file: z.string().min(1).optional().describe('The same in a file, read at the start.'),
  idp: idp.prefault({}).describe('The same by hand.'),
  allow_private_network: z
    .boolean()
    .prefault(false)
    .describe('Its metadata may be in a private network. Outside production also plain http at a loopback address.'),
  private_key: secret().optional().describe('PEM. What requests are signed with.'),
  certificate: pem.optional().describe('The certificate of private_key.'),
  sign_requests: z.boolean().prefault(false).describe('Sign requests.'),
  decryption_key: secret().optional().describe('PEM. What encrypted assertions are read with.'),
  decryption_certificate: pem.optional().describe('The certificate of decryption_key.'),
  idp_initiated: z.boolean().prefault(false).describe('Accept answers that nobody here asked for.'),
  want_assertions_signed: z.boolean().prefault(true).describe('The assertion itself must be signed.'),
  want_response_signed: z.boolean().prefault(false).describe('The whole response must be signed.'),
  name_id_format: z.string().min(1).max(256).optional().describe('What kind of name is asked for.'),
  attributes: attributes.prefault({}).describe('Which attribute says what.'),
  roles_allowed: distinct(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, { error: 'must be a role' }))
    .prefault([])
    .describe('Roles that it gives and takes away.'),
  email_verified: z.boolean().prefault(false).describe('Its word about e-mail addresses is taken.'),
  tenant: z.string().min(1).max(63).optional().describe('Slug or id of the tenant that all its people belong to.'),
  registration: oneOf('open', 'closed').prefault('closed').describe('open: unknown people get an account.'),
  redirect_uris: distinct(redirectUri)
    .prefault([])
    .describe('Exact redirect URIs of applications that exchange codes.'),
  link_by_verified_email: z
    .boolean()
    .prefault(false)
    .describe('An address that is verified there and here leads to the account that has it.'),
  clock_leeway: duration('0s', '2m').prefault('5s').describe('How far its clock may be off.'),
  max_authn_age: duration('1m', '30d')
    .prefault('12h')
    .describe('The longest ago that people may have signed in there.'),
});

export const samlProviders = z
  .record(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, { error: 'must be small letters, digits and dashes' }), provider)
  .prefault({})
  .describe('Providers of SAML 2.0, by the name that stands in their routes.');

function isHttpUrl(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { username, password, hash } = new URL(text);
  return [username, password, hash].every((part) => part === '');
}
