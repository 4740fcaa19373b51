import { z } from 'zod';

export const providerName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

export const loginQuery = z.strictObject({
  return_to: z.string().max(2048).optional().describe('Where the browser goes afterwards'),
  tenant_id: z.uuid().optional().describe('Default: the tenant of the provider, else of the host'),
  remember: z.enum(['true', 'false']).optional().describe('false asks for the short login'),
});

export const logoutQuery = z.strictObject({
  return_to: z.string().max(2048).optional().describe('Where the browser goes afterwards'),
});

export type LoginQuery = z.infer<typeof loginQuery>;
export type LogoutQuery = z.infer<typeof logoutQuery>;
