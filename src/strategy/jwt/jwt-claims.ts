import type { Generations } from '@latchkey/nest';
import { z } from 'zod';

/** Up to the last moment that a Date can hold. */
const seconds = z.number().int().nonnegative().max(8.64e12);
/** Global, tenant, user. */
const generations = z.tuple([z.number().int(), z.number().int(), z.number().int()]);

const common = {
  iss: z.string(),
  aud: z.string(),
  sub: z.string().min(1),
  iat: seconds,
  exp: seconds,
  jti: z.string().min(1),
  sid: z.uuid(),
  user_id: z.uuid(),
  tenant_id: z.uuid(),
  gen: generations,
};

/** RFC 9068, plus what Latchkey adds. Optional claims are those that the configuration may leave out. */
export const accessClaims = z.object({
  ...common,
  client_id: z.string().optional(),
  email: z.string().optional(),
  username: z.string().optional(),
  name: z.string().optional(),
  roles: z.array(z.string()).optional(),
  amr: z.array(z.string()).optional(),
  auth_time: seconds.optional(),
});

export const refreshClaims = z.object({ ...common, amr: z.array(z.string()), auth_time: seconds });

export type AccessClaims = z.infer<typeof accessClaims>;
export type RefreshTokenClaims = z.infer<typeof refreshClaims>;

export function generationsOf([global, tenant, user]: [number, number, number]): Generations {
  return { global, tenant, user };
}

export function generationsClaim({ global, tenant, user }: Generations): [number, number, number] {
  return [global, tenant, user];
}

export const dateOf = (value: number): Date => new Date(value * 1000);
