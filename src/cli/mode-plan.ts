import type { AuthMode } from '@latchkey/nest';
import type { Config } from '../config/config';
import type { SuccessorKind } from '../strategy/auth-strategy';
import type { FleetFacts, LoginsOfKind } from '../strategy/mode-plan.store';

/** Logins of one kind as a plan tells of them. `live` null: no row says how many, and the dates are upper bounds. */
export interface PlannedLogins {
  readonly kind: SuccessorKind;
  readonly live: number | null;
  readonly atLeast: number;
  readonly lastAccessExpiresAt: Date | null;
  readonly lastLoginEndsAt: Date | null;
  /** True for a kind that is not issued any more after the change. */
  readonly old: boolean;
}

/** `needed`: to be done before the change. `ok`: is so. `note`: to be known. */
export interface Requirement {
  readonly key: string;
  readonly state: 'ok' | 'needed' | 'note';
  readonly detail: string;
}

export interface ModePlan {
  readonly from: { readonly mode: AuthMode; readonly kind: SuccessorKind };
  readonly to: { readonly mode: AuthMode; readonly kind: SuccessorKind };
  readonly logins: readonly PlannedLogins[];
  /** Access tokens of an old kind are gone by then; null when there are none. */
  readonly oldAccessGoneAt: Date | null;
  /** Logins that still hold an old kind's refresh token are gone by then. */
  readonly oldLoginsGoneAt: Date | null;
  readonly requirements: readonly Requirement[];
}

export interface Planned {
  readonly from: ModePlan['from'];
  readonly to: ModePlan['to'];
  readonly config: Config;
  /** Ids of the root keys that are configured. */
  readonly knowsRoot: (id: string) => boolean;
  readonly now: Date;
}

/** What a change of mode meets and needs. */
export function planOf(facts: FleetFacts, planned: Planned): ModePlan {
  const { from, to } = planned;
  const logins = loginsOf(facts, planned);
  const old = logins.filter((entry) => entry.old);
  const oldLoginsGoneAt = latest(old.map((entry) => entry.lastLoginEndsAt));
  return {
    from,
    to,
    logins,
    oldAccessGoneAt: latest(old.map((entry) => entry.lastAccessExpiresAt)),
    oldLoginsGoneAt,
    requirements: [
      accepts(planned, oldLoginsGoneAt),
      rootSecret(planned),
      ...(to.mode === 'stateless' || from.mode === 'stateless' ? [signingKey(facts, planned)] : []),
      ...resourceServers(facts, planned),
      ...losses(planned),
    ],
  };
}

function loginsOf(facts: FleetFacts, { to, now }: Planned): PlannedLogins[] {
  const withRow = (kind: SuccessorKind, { live, access, login }: LoginsOfKind): PlannedLogins => ({
    kind,
    live,
    atLeast: live,
    lastAccessExpiresAt: access,
    lastLoginEndsAt: login,
    old: kind !== to.kind,
  });
  const ahead = (horizon: Date): Date | null => (horizon > now ? horizon : null);
  return [
    withRow('session', facts.session),
    withRow('tracked_jwt', facts.trackedJwt),
    {
      kind: 'untracked_jwt',
      live: null,
      atLeast: facts.handedOver.live + facts.refreshedUntracked,
      lastAccessExpiresAt: ahead(facts.accessHorizon),
      lastLoginEndsAt: ahead(facts.loginHorizon),
      old: to.kind !== 'untracked_jwt',
    },
  ];
}

function accepts({ config }: Planned, until: Date | null): Requirement {
  const both = config.auth.accept.includes('stateful') && config.auth.accept.includes('stateless');
  const key = 'auth.accept';
  const when = until ? ` until ${until.toISOString()}` : '';
  if (both) return { key, state: 'ok', detail: `both kinds are understood; keep it so${when}, in every process` };
  return {
    key,
    state: 'needed',
    detail: `set [stateful, stateless] in every process before the change, and keep it${when}`,
  };
}

function rootSecret({ config }: Planned): Requirement {
  const key = 'auth.secret';
  if (config.auth.secret !== undefined) {
    return {
      key,
      state: 'ok',
      detail: 'given; it must be the same in every process, or refreshes cross over to nothing',
    };
  }
  const detail = 'made and kept on this machine: give LATCHKEY_SECRET where there is more than one process';
  return { key, state: config.environment === 'production' ? 'needed' : 'note', detail };
}

function signingKey({ sealedBy }: FleetFacts, { to, config, knowsRoot }: Planned): Requirement {
  const key = 'auth.jwt.secret';
  const verb = to.mode === 'stateless' ? 'sign' : 'still check';
  if (config.auth.jwt.secret !== undefined) {
    return { key, state: 'ok', detail: `given; every process must have the same one to ${verb} JWTs` };
  }
  if (!sealedBy.every(knowsRoot)) {
    const detail = 'a kept signing key was sealed with another root secret: add that one to auth.previous_secrets';
    return { key, state: 'needed', detail };
  }
  return {
    key,
    state: 'ok',
    detail: `not given; the key that is kept in the database, sealed, is used to ${verb} JWTs`,
  };
}

function resourceServers({ clients }: FleetFacts, { from, to }: Planned): Requirement[] {
  if (from.mode === to.mode) return [];
  const able = clients === 1 ? '1 client is enabled' : `${clients} clients are enabled`;
  const detail =
    to.mode === 'stateful'
      ? `services that only check signatures do not understand opaque tokens: let them ask POST /oauth/introspect first (${able})`
      : `services that ask POST /oauth/introspect notice nothing (${able}); others need the keys to check JWTs`;
  return [{ key: 'resource servers', state: 'note', detail }];
}

function losses({ from, to, config }: Planned): Requirement[] {
  const notes: Requirement[] = [];
  if (to.mode === from.mode) return notes;
  const { revocation } = config.auth.jwt;
  if (to.mode === 'stateless' && revocation === 'none') {
    const detail = 'none: logins with JWTs cannot be ended before they expire; sessions from before still can';
    notes.push({ key: 'auth.jwt.revocation', state: 'note', detail });
  }
  if (to.kind === 'untracked_jwt') {
    const detail = 'untracked: logins that begin after the change are not listed';
    notes.push({ key: 'auth.jwt.sessions', state: 'note', detail });
  }
  if (to.mode === 'stateless' && config.auth.session.bind !== 'none') {
    const detail = `${config.auth.session.bind}: JWTs are not compared with the client that they were given to`;
    notes.push({ key: 'auth.session.bind', state: 'note', detail });
  }
  return notes;
}

function latest(dates: readonly (Date | null)[]): Date | null {
  const known = dates.filter((date) => date !== null).map((date) => date.getTime());
  return known.length === 0 ? null : new Date(Math.max(...known));
}
