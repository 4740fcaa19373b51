import { randomBytes, randomUUID } from 'node:crypto';
import type { CarriedSession, HandedOverSession, NewSession, SessionOwner } from '../../src/strategy/session.store';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const START = Date.UTC(2026, 0, 2, 3, 4, 5);

/** So long after the start. */
export const at = (milliseconds: number): Date => new Date(START + milliseconds);

/** A login that starts now and lasts a day. */
export function sessionOf(owner: SessionOwner, difference: Partial<NewSession> = {}): NewSession {
  return {
    ...owner,
    id: randomUUID(),
    grant: { kind: 'session', accessHash: randomBytes(32), accessExpiresAt: at(HOUR), refreshHash: randomBytes(32) },
    generations: { global: 0, tenant: 0, user: 0 },
    ipAddress: '192.0.2.1',
    userAgent: 'test',
    device: 'test',
    amr: ['pwd'],
    authTime: at(0),
    now: at(0),
    expiresAt: at(24 * HOUR),
    ...difference,
  };
}

/** The same login, refreshed a minute later; the parent's access token is honoured for half a minute more. */
export function successor(of: NewSession, difference: Partial<CarriedSession> = {}): CarriedSession {
  const next = { ...of, grant: sessionOf(of).grant, now: at(MINUTE) };
  return { ...next, parentHash: of.grant.refreshHash, parentAccessUntil: at(MINUTE + 30 * SECOND), ...difference };
}

/** The same login, going on without a row. */
export function departure(of: NewSession, difference: Partial<HandedOverSession> = {}): HandedOverSession {
  const { id, tenantId, userId, grant } = of;
  const until = { parentAccessUntil: at(MINUTE), now: at(SECOND) };
  return { id, tenantId, userId, parentHash: grant.refreshHash, ...until, ...difference };
}
