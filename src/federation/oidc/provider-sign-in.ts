import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import { EventLog } from '../../common/event-log';
import type { UserRef } from '../../identity/user.store';
import type { StartedLogin } from '../../sign-in/login-issuer';
import { FederatedSignIn } from '../federated-sign-in';
import { FederatedTenant, type ExpectedTenant } from '../federated-tenant';
import { notProven, type ProvenSignIn } from './claims-reader';
import { CodeRedemption, type ExpectedResponse } from './code-redemption';
import { ProviderMemory } from './provider-memory';

/** A response that came back from a provider, and what it must fit. */
export interface CodeResponse {
  readonly provider: string;
  /** The redirect URI with the parameters of the response. */
  readonly url: URL;
  readonly expected: ExpectedResponse;
}

export interface SignInRequest extends ExpectedTenant {
  readonly client: ClientInfo;
  readonly remember: boolean;
}

/** From an authorization response to a login. */
@Injectable()
export class ProviderSignIn {
  constructor(
    private readonly codes: CodeRedemption,
    private readonly tenants: FederatedTenant,
    private readonly federated: FederatedSignIn,
    private readonly memory: ProviderMemory,
    private readonly events: EventLog,
  ) {}

  /** @throws AuthError `federated_login_failed`, `unavailable`, and whatever `FederatedSignIn` does. */
  async signIn(response: CodeResponse, request: SignInRequest): Promise<StartedLogin> {
    const { proven, tenantId } = await this.prove(response, request);
    const { client, remember } = request;
    return this.federated.signIn(proven.identity, {
      tenantId,
      client,
      remember,
      amr: proven.amr,
      authTime: proven.authTime,
      rules: proven.provider.rules,
      onAdmitted: (user: UserRef) => this.memory.note(user, proven),
    });
  }

  /** Also for somebody who links an identity. */
  async prove(
    { provider, url, expected }: CodeResponse,
    request: Omit<SignInRequest, 'remember'>,
  ): Promise<{ proven: ProvenSignIn; tenantId: string }> {
    try {
      const proven = await this.codes.redeem(provider, url, expected);
      const tenantId = await this.tenants.proven(proven.provider.settings, proven.tenant, request);
      if (tenantId === null) throw notProven('the tenant in the claims');
      return { proven, tenantId };
    } catch (error) {
      if (error instanceof AuthError) this.refused(provider, error, request);
      throw error;
    }
  }

  /** A provider that does not answer is told in the log: it is nobody's failure. */
  refused(provider: string, { code, status }: AuthError, { tenantId, client }: Partial<SignInRequest>): void {
    if (status >= 500) return;
    const facts = { tenantId, ipAddress: client?.ipAddress, kind: provider };
    this.events.record('federated_login_failed', { ...facts, reason: code });
  }
}
