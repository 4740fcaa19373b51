import { Injectable } from '@nestjs/common';
import type { AuthContext, ClientInfo } from '@latchkey/nest';
import { EventLog } from '../common/event-log';
import { PasswordVerifier } from '../identity/password-verifier';
import { AuthStrategies } from '../strategy/auth-strategies';
import type { TokenGrant } from '../strategy/auth-strategy';
import { IssuancePolicy } from '../strategy/issuance-policy';
import { TenantResolver, type TenantHint } from '../tenancy/tenant-resolver';

export interface PasswordLogin {
  readonly identifier: string;
  readonly password: string;
  readonly tenant: TenantHint;
  readonly client: ClientInfo;
  readonly remember: boolean;
}

/** `validUntil` is set where the access token outlives the logout. */
export interface LogoutEffect {
  readonly takesEffect: 'at_once' | 'at_expiry';
  readonly validUntil: Date | null;
}

/** Where the two questions meet: is this credential right, and how do we recognise this principal from now on. */
@Injectable()
export class AuthService {
  constructor(
    private readonly tenants: TenantResolver,
    private readonly passwords: PasswordVerifier,
    private readonly strategies: AuthStrategies,
    private readonly issuance: IssuancePolicy,
    private readonly events: EventLog,
  ) {}

  async login({ identifier, password, client, ...attempt }: PasswordLogin): Promise<TokenGrant> {
    const tenant = await this.tenants.resolve(attempt.tenant);
    const person = await this.passwords.verify({ tenantId: tenant?.id ?? null, identifier, password, client });
    const grant = await this.strategies.issuing.issue(person, { client, amr: ['pwd'], remember: attempt.remember });
    this.recordLogin(grant, client);
    return grant;
  }

  /** Ends the login that the access token belongs to, as far as its kind can be ended. */
  async logout({ mode, principal, expiresAt, ...context }: AuthContext): Promise<LogoutEffect> {
    const { tenantId, userId } = principal;
    const sessionId = context.sessionId as string;
    const strategy = this.strategies.of(mode);
    if (strategy.revokes) await strategy.revoke({ kind: 'session', tenantId, userId, sessionId }, 'logout');
    this.events.record('logged_out', { tenantId, userId, sessionId });
    return strategy.revokes
      ? { takesEffect: 'at_once', validUntil: null }
      : { takesEffect: 'at_expiry', validUntil: expiresAt };
  }

  private recordLogin(grant: TokenGrant, client: ClientInfo): void {
    const { tenantId, userId } = grant.principal;
    const facts = { tenantId, userId, sessionId: grant.sessionId, ipAddress: client.ipAddress };
    this.events.record('login_succeeded', facts);
    this.events.record('session_created', { ...facts, kind: this.issuance.kind });
  }
}
