import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { EventLog } from '../common/event-log';
import { CurrentPeople } from '../identity/current-people';
import { AMR_OF_PASSKEY } from '../identity/factors/factor-proofs';
import { Passkeys } from '../identity/factors/passkeys';
import { TenantResolver, type TenantHint } from '../tenancy/tenant-resolver';
import { LoginIssuer, type StartedLogin } from '../sign-in/login-issuer';

export interface PasskeyLogin {
  readonly tenant: TenantHint;
  readonly passkey: AuthenticationResponseJSON;
  readonly client: ClientInfo;
  readonly remember: boolean;
}

/** Signing in with a passkey alone: possession, and a finger or PIN that unlocked it. No password that could be guessed. */
@Injectable()
export class PasskeyLoginService {
  constructor(
    private readonly tenants: TenantResolver,
    private readonly passkeys: Passkeys,
    private readonly people: CurrentPeople,
    private readonly issuer: LoginIssuer,
    private readonly events: EventLog,
  ) {}

  options(hint: TenantHint) {
    return this.tenants.within(hint, async (tenant) => {
      if (!tenant) throw new AuthError('not_found', 'There is no such tenant');
      return this.passkeys.requestOptions(tenant.id, null);
    });
  }

  login(login: PasskeyLogin): Promise<StartedLogin> {
    return this.tenants.within(login.tenant, (tenant) => this.proceed(login, tenant?.id));
  }

  private async proceed(
    { passkey: response, client, remember }: PasskeyLogin,
    tenantId?: string,
  ): Promise<StartedLogin> {
    const passkey = tenantId === undefined ? null : await this.passkeys.authenticate(tenantId, null, response);
    if (!passkey) {
      this.events.record('passkey_refused', { tenantId, ipAddress: client.ipAddress });
      throw new AuthError('invalid_credentials', 'The credentials are not right');
    }
    const { person } = await this.people.get(passkey);
    return this.issuer.issue(person, { client, amr: AMR_OF_PASSKEY, remember });
  }
}
