import { z } from 'zod';

export const providerName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

export const loginQuery = z.strictObject({
  return_to: z.string().max(2048).optional().describe('Where the browser goes afterwards'),
  tenant_id: z.uuid().optional().describe('Default: the tenant of the provider, else of the host'),
  remember: z.enum(['true', 'false']).optional().describe('false asks for the short login'),
  redirect_uri: z
    .string()
    .max(2048)
    .optional()
    .describe('Of an application that takes the login over: as it is listed'),
  code_challenge: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, 'must be an S256 code challenge of RFC 7636')
    .optional()
    .describe('With redirect_uri: S256'),
});

export const exchangeBody = z.strictObject({
  code: z.string().min(1).max(8192),
  code_verifier: z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/, 'must be a code verifier of RFC 7636'),
  redirect_uri: z.string().min(1).max(2048).describe('Exactly as at the beginning'),
});

export const logoutQuery = z.strictObject({
  return_to: z.string().max(2048).optional().describe('Where the browser goes afterwards'),
});

export type LoginQuery = z.infer<typeof loginQuery>;
export type LogoutQuery = z.infer<typeof logoutQuery>;
export type ExchangeBody = z.infer<typeof exchangeBody>;
