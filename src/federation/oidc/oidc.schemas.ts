import { z } from 'zod';

const text = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(/^\P{Cc}*$/u, 'must not contain control characters');

export const providerName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

const tenantId = z.uuid();
const returnTo = z.string().max(2048).optional().describe('Where the browser goes afterwards');

export const loginQuery = z.strictObject({
  return_to: returnTo,
  tenant_id: tenantId.optional().describe('Default: the tenant of the provider, else of the host'),
  remember: z.enum(['true', 'false']).optional().describe('false asks for the short login'),
});

export const exchangeBody = z.strictObject({
  code: text(4096),
  code_verifier: z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/, 'must be a code verifier of RFC 7636'),
  redirect_uri: text(2048).describe('Exactly as in the authorization request, and listed in the configuration'),
  nonce: text(255).optional().describe('As in the authorization request'),
  iss: text(2048).optional().describe('The parameter of the authorization response, where there was one'),
  tenant_id: tenantId.optional(),
  remember: z.boolean().default(true),
});

export const listQuery = z.strictObject({ tenant_id: tenantId.optional() });

export const linkBody = z.strictObject({ return_to: returnTo }).optional().nullable();

export const logoutQuery = z.strictObject({ return_to: returnTo });

export const identityId = z.uuid();

export type LoginQuery = z.infer<typeof loginQuery>;
export type ExchangeBody = z.infer<typeof exchangeBody>;
export type ListQuery = z.infer<typeof listQuery>;
export type LinkBody = z.infer<typeof linkBody>;
export type LogoutQuery = z.infer<typeof logoutQuery>;
