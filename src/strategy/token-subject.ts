import type { Principal } from '@latchkey/nest';

/** What `sub` says of this principal, whatever kind of token it has. */
export function subjectOf({ userId, username }: Principal, rule: 'user_id' | 'username'): string {
  return rule === 'username' ? (username ?? userId) : userId;
}
