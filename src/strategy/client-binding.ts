import type { ClientInfo } from '@latchkey/nest';

export type BindingRule = 'none' | 'user_agent' | 'ip';

/** True when the rule allows this client to use a login that was started by that one. */
export function bindingHolds(rule: BindingRule, login: ClientInfo, client: ClientInfo): boolean {
  if (rule === 'ip') return login.ipAddress === client.ipAddress;
  if (rule === 'user_agent') return login.userAgent === client.userAgent;
  return true;
}
