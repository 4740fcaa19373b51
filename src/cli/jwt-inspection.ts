import { hasSignatureOf, readCompactJwt } from '@latchkey/nest';
import { z } from 'zod';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { KeyRing } from '../keys/key-ring';
import type { Operator } from './operator';
import { OperatorStore, type NamedLogin } from './operator.store';
import type { JwtText } from './token-text';

/** `unknown_key`: signed by a key that this installation does not have, or has retired. */
export type SignatureVerdict = 'ours' | 'wrong' | 'unknown_key';

export interface JwtVerdict {
  readonly signature: SignatureVerdict;
  readonly expired: boolean;
  /** Null when the signature is not ours: then the claims say nothing. */
  readonly revoked: boolean | null;
  /** The login goes on, but this access token must be renewed, because roles changed. */
  readonly outdated: boolean | null;
  /** False when the issuer or the audience is not the configured one. */
  readonly addressed_to_us: boolean;
}

const REFRESH_TYPE = 'rt+jwt';
const login = z.object({
  tenant_id: z.uuid(),
  user_id: z.uuid(),
  sid: z.uuid(),
  gen: z.tuple([z.number().int(), z.number().int(), z.number().int()]),
});

/** Judges a JWT of either use without using it up. */
export async function inspectJwt(jwt: JwtText, operator: Operator, { auth }: Config): Promise<JwtVerdict> {
  const signature = signatureOf(jwt, operator.get(KeyRing));
  const named = signature === 'ours' ? loginOf(jwt) : null;
  const verdict = named && (await operator.get(OperatorStore).judge(named));
  const { iss, aud, exp } = jwt.claims;
  const { issuer, audience, leeway } = auth.jwt;
  const isRefresh = jwt.header['typ'] === REFRESH_TYPE;
  return {
    signature,
    expired: typeof exp !== 'number' || exp * 1000 + leeway <= operator.get(Clock).now(),
    revoked: verdict?.revoked ?? null,
    outdated: isRefresh ? null : (verdict?.outdated ?? null),
    addressed_to_us: iss === issuer && (isRefresh || aud === audience),
  };
}

function signatureOf({ header, text }: JwtText, keys: KeyRing): SignatureVerdict {
  const key =
    typeof header['kid'] === 'string'
      ? keys.find(header['kid'], header['typ'] === REFRESH_TYPE ? 'refresh' : 'access')
      : null;
  if (!key) return 'unknown_key';
  const jwt = readCompactJwt(text);
  return jwt && hasSignatureOf(jwt, key) ? 'ours' : 'wrong';
}

function loginOf({ claims }: JwtText): NamedLogin | null {
  const parsed = login.safeParse(claims);
  if (!parsed.success) return null;
  const { tenant_id: tenantId, user_id: userId, sid: sessionId, gen } = parsed.data;
  const [global, tenant, user] = gen;
  return { tenantId, userId, sessionId, generations: { global, tenant, user } };
}
