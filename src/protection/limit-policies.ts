import type { LimitsConfig } from '../config/config';

/** What is counted. The name stands in header fields, events and keys. */
export type PolicyName =
  | 'address'
  | 'login'
  | 'refresh'
  | 'register'
  | 'recovery'
  | 'mfa'
  | 'step_up'
  | 'client'
  | 'token'
  | 'account'
  | 'recovery_account'
  | 'tenant';

export type LimitStore = 'postgres' | 'redis' | 'memory';

export interface LimitPolicy {
  readonly name: PolicyName;
  readonly points: number;
  readonly seconds: number;
  readonly store: LimitStore;
}

/** What runs on every request, or on failures alone, must not ask a store. */
const ALWAYS_IN_MEMORY: ReadonlySet<PolicyName> = new Set(['address', 'client', 'token']);

/** Where somebody guesses, or makes us send mail: worth a statement, so that processes count together and a restart forgets nothing. */
const STRICT: ReadonlySet<PolicyName> = new Set(['login', 'recovery', 'mfa', 'step_up', 'account', 'recovery_account']);

/** Every policy that limits something. */
export function policiesOf(limits: LimitsConfig, hasRedis: boolean): LimitPolicy[] {
  const settings: Record<PolicyName, { points: number; per: number }> = {
    address: limits.perAddress,
    login: limits.login,
    refresh: limits.refresh,
    register: limits.register,
    recovery: limits.recovery,
    mfa: limits.mfa,
    step_up: limits.stepUp,
    client: limits.client,
    token: limits.token,
    account: limits.account,
    recovery_account: limits.recoveryAccount,
    tenant: limits.tenant,
  };
  const names = Object.keys(settings) as PolicyName[];
  return names
    .filter((name) => limits.enabled && settings[name].points > 0)
    .map((name) => ({
      name,
      points: settings[name].points,
      seconds: Math.ceil(settings[name].per / 1000),
      store: storeOf(name, limits.store, hasRedis),
    }));
}

function storeOf(name: PolicyName, chosen: LimitsConfig['store'], hasRedis: boolean): LimitStore {
  if (ALWAYS_IN_MEMORY.has(name)) return 'memory';
  if (chosen !== 'auto') return chosen;
  if (hasRedis) return 'redis';
  return STRICT.has(name) ? 'postgres' : 'memory';
}
