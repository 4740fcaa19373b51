import type { LimitState } from './rate-limits';

/** `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers: lists of what is allowed and what is left. */
export function limitFields(states: readonly LimitState[]): [name: string, value: string][] {
  if (states.length === 0) return [];
  const policies = states.map(({ policy }) => `"${policy.name}";q=${policy.points};w=${policy.seconds}`);
  const left = states.map(({ policy, remaining, resetsIn }) => `"${policy.name}";r=${remaining};t=${resetsIn}`);
  return [
    ['ratelimit-policy', policies.join(', ')],
    ['ratelimit', left.join(', ')],
  ];
}
