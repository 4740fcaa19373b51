import { Injectable } from '@nestjs/common';
import type { ClientInfo } from '@latchkey/nest';
import { inSpan } from '../common/tracing';
import { PasswordVerifier } from '../identity/password-verifier';
import { TenantResolver, type TenantHint } from '../tenancy/tenant-resolver';
import { LoginIssuer, type StartedLogin } from '../sign-in/login-issuer';
import { SecondFactorGate } from '../sign-in/second-factor-gate';

export interface PasswordLogin {
  readonly identifier: string;
  readonly password: string;
  readonly tenant: TenantHint;
  readonly client: ClientInfo;
  readonly remember: boolean;
  /** Of the authenticator application, or a recovery code. */
  readonly mfaCode?: string;
  /** From an earlier login on this device. */
  readonly deviceToken?: string;
  readonly trustDevice: boolean;
}

/** Where the two questions meet: is this credential right, and how do we recognise this principal from now on. */
@Injectable()
export class AuthService {
  constructor(
    private readonly tenants: TenantResolver,
    private readonly passwords: PasswordVerifier,
    private readonly secondFactors: SecondFactorGate,
    private readonly issuer: LoginIssuer,
  ) {}

  async login(login: PasswordLogin): Promise<StartedLogin> {
    return inSpan('latchkey.login', { 'latchkey.method': 'pwd' }, async (span) => {
      const tenant = await this.tenants.resolve(login.tenant);
      if (tenant) span.setAttribute('latchkey.tenant_id', tenant.id);
      return this.proceed(login, tenant?.id ?? null);
    });
  }

  private async proceed(login: PasswordLogin, tenantId: string | null): Promise<StartedLogin> {
    const { client, remember, mfaCode, ...attempt } = login;
    const proof = await this.passwords.verify({ ...attempt, tenantId, client });
    const amr = await this.secondFactors.pass(proof, { mfaCode, client, remember });
    return this.issuer.issue(proof, { client, amr, remember }, { rememberDevice: attempt.trustDevice });
  }
}
