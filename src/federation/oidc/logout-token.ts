import { Injectable } from '@nestjs/common';
import { AuthError, readCompactJwt, verifyJwt } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import type { ConnectedProvider } from './connected-provider';
import { ProviderKeys } from './provider-keys';

/** Who is to be signed out. At least one of subject and session is there. */
export interface LogoutToken {
  readonly id: string;
  readonly subject: string | null;
  readonly sid: string | null;
  readonly expiresAt: Date;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** Milliseconds. */
const LEEWAY = 30_000;
/** Not every provider gives the type of its own that the standard recommends; the event and the missing nonce tell it apart. */
const TYPES = ['logout+jwt', 'JWT'];

/** Reads logout tokens, OpenID Connect Back-Channel Logout 1.0, 2.4 and 2.6. */
@Injectable()
export class LogoutTokens {
  constructor(
    private readonly keys: ProviderKeys,
    private readonly clock: Clock,
  ) {}

  /** @throws AuthError `validation_failed`, `unavailable` */
  async read(connected: ConnectedProvider, token: string): Promise<LogoutToken> {
    const jwt = readCompactJwt(token, 'foreign');
    const key = jwt && (await this.keys.find(connected, jwt));
    if (!jwt || !key) throw notValid('key');
    const { issuer, clientId } = connected.provider;
    const expected = { types: TYPES, issuer, audience: clientId, now: this.clock.now(), leeway: LEEWAY };
    const claims = verified(() => verifyJwt(jwt, key, { ...expected, required: ['iat', 'exp', 'jti'] }));
    const { sub, sid, events, jti = '', exp = 0 } = claims;
    if ('nonce' in claims) throw notValid('nonce');
    if (!isLogout(events)) throw notValid('events');
    if (sid !== undefined && (typeof sid !== 'string' || sid === '')) throw notValid('sid');
    if (sub === undefined && sid === undefined) throw notValid('nobody');
    return { id: jti, subject: sub ?? null, sid: sid ?? null, expiresAt: new Date(exp * 1_000 + LEEWAY) };
  }
}

function isLogout(events: unknown): boolean {
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, EVENT)) return false;
  const event = (events as Record<string, unknown>)[EVENT];
  return typeof event === 'object' && event !== null && !Array.isArray(event);
}

function verified<T>(verify: () => T): T {
  try {
    return verify();
  } catch (error) {
    throw notValid(error instanceof AuthError ? (error.detail ?? error.code) : 'claims');
  }
}

/** The standard wants 400 for whatever is wrong. */
export function notValid(detail: string): AuthError {
  return new AuthError('validation_failed', 'The logout token is not valid', { detail });
}
