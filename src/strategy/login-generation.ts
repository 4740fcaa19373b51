import { randomUUID } from 'node:crypto';
import type { ClientInfo } from '@latchkey/nest';
import type { VerifiedPerson } from '../identity/verified-person';
import type { ConsumedLogin, LoginFacts } from './auth-strategy';
import { lineageOf, type Lineage } from './lineage';
import { newSecret } from './opaque-token';

/** One step in the life of a login: what the tokens of this step are made of. */
export interface LoginGeneration {
  readonly sessionId: string;
  readonly person: VerifiedPerson;
  readonly client: ClientInfo;
  readonly amr: readonly string[];
  readonly authTime: Date;
  readonly issuedAt: Date;
  /** Deadline of the login; no token of it lives longer. */
  readonly deadline: Date;
  readonly lineage: Lineage;
}

/** Lifetimes of a profile. Milliseconds. */
export interface Lifetimes {
  readonly access: number;
  readonly login: number;
  readonly shortLogin: number;
}

export function firstGeneration(
  person: VerifiedPerson,
  login: LoginFacts,
  now: Date,
  lives: Lifetimes,
): LoginGeneration {
  const longest = atMost(lives.login, person.terms.refreshTokenTtl);
  const life = login.remember ? longest : Math.min(lives.shortLogin, longest);
  return {
    sessionId: randomUUID(),
    person,
    client: login.client,
    amr: login.amr,
    authTime: login.authTime && login.authTime < now ? login.authTime : now,
    issuedAt: now,
    deadline: new Date(now.getTime() + life),
    lineage: lineageOf(newSecret()),
  };
}

export function nextGeneration(login: ConsumedLogin): LoginGeneration {
  const { sessionId, person, client, amr, authTime, deadline } = login;
  return {
    sessionId,
    person,
    client,
    amr,
    authTime,
    deadline,
    issuedAt: login.consumedAt,
    lineage: lineageOf(login.seed),
  };
}

/** What is configured, or less where the tenant says so. */
function atMost(life: number, limit: number | null): number {
  return limit === null ? life : Math.min(life, limit);
}

/** When an access token of this generation dies: after its own life, or with the login. */
export function accessExpiry(generation: LoginGeneration, life: number): Date {
  const ends = generation.issuedAt.getTime() + atMost(life, generation.person.terms.accessTokenTtl);
  return new Date(Math.min(ends, generation.deadline.getTime()));
}

export function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, Math.floor((to.getTime() - from.getTime()) / 1000));
}
