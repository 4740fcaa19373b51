import { Inject, Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { reachesAudience, reachesTenant, type Client } from '../clients/client';
import { ClientStore } from '../clients/client.store';
import { EventLog } from '../common/event-log';
import { isUuid } from '../common/uuid';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { ClientTokens, type ClientToken } from '../strategy/client-tokens';
import { IssuancePolicy } from '../strategy/issuance-policy';
import { required, type Form } from './form';

/** RFC 6749, section 4.4: a program that acts for itself. */
@Injectable()
export class ClientCredentials {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly clients: ClientStore,
    private readonly tokens: ClientTokens,
    private readonly issuance: IssuancePolicy,
    private readonly events: EventLog,
  ) {}

  /** @throws AuthError `unsupported_grant_type`, `invalid_scope` for more than the client is bound to */
  async grant(client: Client, form: Form): Promise<ClientToken> {
    this.requireGrantType(required(form, 'grant_type'));
    this.requireBounds(client, form);
    const tenantId = tenantOf(client, form.get('tenant_id'));
    const grant = await this.clients.findGrant(client.id, tenantId);
    if (!grant) throw new AuthError('invalid_scope', 'The client is not bound to this tenant');
    const { name, generations } = grant;
    const nobody = { email: null, username: null, roles: [] };
    const principal = { kind: 'client' as const, userId: client.id, tenantId, name, ...nobody };
    const token = await this.tokens.issue({ principal, generations });
    this.events.record('client_token_issued', { clientId: client.id, tenantId, sessionId: token.sessionId });
    return token;
  }

  private requireGrantType(grantType: string): void {
    const supported = grantType === 'client_credentials' && this.issuance.accepts.includes('stateless');
    if (!supported) throw new AuthError('unsupported_grant_type', 'This grant type is not supported here');
  }

  private requireBounds(client: Client, form: Form): void {
    if (form.has('scope')) throw new AuthError('invalid_scope', 'There are no scopes to ask for');
    if (!reachesAudience(client, this.config.auth.jwt.audience)) {
      throw new AuthError('invalid_scope', 'The client is not bound to the audience of this service');
    }
  }
}

function tenantOf(client: Client, asked: string | undefined): string {
  if (asked === undefined) {
    const only = client.tenants !== 'all' && client.tenants.length === 1 ? client.tenants[0] : undefined;
    if (only === undefined) throw new AuthError('validation_failed', 'The parameter tenant_id is missing');
    return only;
  }
  if (!isUuid(asked)) throw new AuthError('validation_failed', 'The parameter tenant_id is not a UUID');
  const tenantId = asked.toLowerCase();
  if (!reachesTenant(client, tenantId)) throw new AuthError('invalid_scope', 'The client is not bound to this tenant');
  return tenantId;
}
