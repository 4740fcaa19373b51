import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { EventLog } from '../common/event-log';
import { inSpan } from '../common/tracing';
import { TenantWall } from '../database/tenant-wall';
import { CurrentPeople } from '../identity/current-people';
import { LoginIssuer, type StartedLogin } from '../sign-in/login-issuer';
import { SecondFactorGate } from '../sign-in/second-factor-gate';
import { FederatedAccounts } from './federated-accounts';
import type { FederatedContext, FederatedIdentity } from './federated-identity';

export type { FederatedContext, FederatedIdentity, FederationRules } from './federated-identity';

/** Begins the `amr` of every login that a provider vouched for. */
const FEDERATED = 'fed';

/** From an identity that a provider has proven to a login of the account it opens. */
@Injectable()
export class FederatedSignIn {
  constructor(
    private readonly accounts: FederatedAccounts,
    private readonly people: CurrentPeople,
    private readonly secondFactors: SecondFactorGate,
    private readonly issuer: LoginIssuer,
    private readonly events: EventLog,
    private readonly wall: TenantWall,
  ) {}

  /** @throws AuthError `account_not_linked`, `email_taken`, `account_disabled`, `mfa_required` */
  signIn(identity: FederatedIdentity, context: FederatedContext): Promise<StartedLogin> {
    const facts = { 'latchkey.method': FEDERATED, 'latchkey.tenant_id': context.tenantId };
    return inSpan('latchkey.login', facts, async () => {
      try {
        return await this.wall.run(context.tenantId, () => this.proceed(identity, context));
      } catch (error) {
        if (error instanceof AuthError) this.record(error, identity, context);
        throw error;
      }
    });
  }

  private async proceed(identity: FederatedIdentity, context: FederatedContext): Promise<StartedLogin> {
    const { client, remember, authTime, samlSession } = context;
    const user = await this.accounts.admit(identity, context);
    const { person, secondFactors } = await this.people.get(user);
    await context.onAdmitted?.(user);
    const firstFactor = [...new Set([FEDERATED, ...context.amr])];
    const attempt = { client, remember, firstFactor, samlSession };
    const amr = firstFactor.includes('mfa')
      ? firstFactor
      : await this.secondFactors.pass({ ...person, secondFactors, device: null }, attempt);
    return this.issuer.issue(person, { client, amr, remember, authTime }, { samlSession });
  }

  /** A second factor that is still to come is no failure, and a database that is away says nothing about anybody. */
  private record({ code, status }: AuthError, { provider }: FederatedIdentity, context: FederatedContext): void {
    if (code === 'mfa_required' || status >= 500) return;
    const { tenantId, client } = context;
    this.events.record('federated_login_failed', {
      tenantId,
      ipAddress: client.ipAddress,
      kind: provider,
      reason: code,
    });
  }
}
