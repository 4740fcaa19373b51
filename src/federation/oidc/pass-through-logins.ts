import { Injectable } from '@nestjs/common';
import { AuthError, type AuthContext, type ClientInfo } from '@latchkey/nest';
import { LRUCache } from 'lru-cache';
import * as client from 'openid-client';
import { Clock } from '../../common/clock';
import { sha256 } from '../../common/digest';
import { EventLog } from '../../common/event-log';
import {
  ProviderLogins,
  type CarriedOnLogin,
  type ProviderLogin,
  type RefreshableLogin,
} from '../../sign-in/provider-logins';
import { TenantResolver } from '../../tenancy/tenant-resolver';
import { notProven } from './claims-reader';
import { asFailure, CodeRedemption } from './code-redemption';
import type { ConnectedProvider } from './connected-provider';
import type { LoginAttempt } from './login-attempts';
import { PassThroughTokens } from './pass-through-tokens';
import type { CodeResponse } from './provider-sign-in';
import { ProviderRegistry } from './provider-registry';

/** Milliseconds, and how many are remembered. */
const REUSABLE_FOR = 10_000;
const MOST_RECENT = 1_000;

interface Refresh {
  readonly outcome: Promise<CarriedOnLogin>;
  /** The refresh token that came of it. */
  successor?: string;
}

/** Logins whose tokens are the provider's own: begun, carried on and ended there, with nothing kept here. */
@Injectable()
export class PassThroughLogins extends ProviderLogins {
  /** What came of refresh tokens a moment ago, by their hashes. */
  private readonly recent: LRUCache<string, Refresh>;

  constructor(
    private readonly providers: ProviderRegistry,
    private readonly codes: CodeRedemption,
    private readonly tokens: PassThroughTokens,
    private readonly tenants: TenantResolver,
    private readonly events: EventLog,
    clock: Clock,
  ) {
    super();
    const perf = { now: () => clock.monotonic() };
    this.recent = new LRUCache({ max: MOST_RECENT, ttl: REUSABLE_FOR, perf, ttlResolution: 0 });
  }

  /** @throws AuthError `federated_login_failed`, `unavailable` */
  async begin(response: CodeResponse, attempt: LoginAttempt, from: ClientInfo): Promise<ProviderLogin> {
    const { provider, remember, tenantNamed, tenantId } = attempt;
    const proven = await this.codes.redeem(response.provider, response.url, response.expected);
    const { accessToken, refreshToken, idToken } = proven.tokens;
    const { subject } = proven.identity;
    const login = { provider, subject, accessToken, refreshToken, idToken, remember };
    const context = await this.proof(login);
    // The ID token says who signed in; an access token of somebody else is not their login.
    if (context.principal.userId !== subject) throw notProven('sub');
    if (tenantNamed) await this.requireTenant(tenantId, context);
    const { ipAddress, userAgent } = from;
    this.events.record('login_succeeded', { kind: provider, ipAddress, userAgent, reason: 'pass_through' });
    return login;
  }

  /** The tabs of a browser come with the same token, and the provider would take the second for a thief. */
  async refresh(login: RefreshableLogin, { ipAddress }: ClientInfo): Promise<CarriedOnLogin> {
    const key = keyOf(login.refreshToken);
    const known = this.recent.get(key);
    if (known) return known.outcome;
    const refresh: Refresh = { outcome: this.carryOn(login) };
    this.recent.set(key, refresh);
    try {
      const outcome = await refresh.outcome;
      refresh.successor = outcome.login.refreshToken;
      this.events.record('login_refreshed', { kind: login.provider, ipAddress, reason: 'pass_through' });
      return outcome;
    } catch (error) {
      this.recent.delete(key);
      throw error;
    }
  }

  async end({ provider, refreshToken }: RefreshableLogin): Promise<void> {
    for (const [key, { successor }] of this.recent.entries()) if (successor === refreshToken) this.recent.delete(key);
    const connected = await this.connect(provider).catch(() => null);
    if (!connected || connected.configuration.serverMetadata().revocation_endpoint === undefined) return;
    const hint = { token_type_hint: 'refresh_token' };
    // It may be away, and the browser forgets the tokens whatever it says.
    await client.tokenRevocation(connected.configuration, refreshToken, hint).catch(() => undefined);
  }

  /** The request named a tenant, by its id; tokens name it by its id or its slug. */
  private async requireTenant(tenantId: string, { principal }: AuthContext): Promise<void> {
    const tenant = await this.tenants.resolve({ tenantId });
    if (!tenant || ![tenant.id, tenant.slug].includes(principal.tenantId)) throw notProven('tenant');
  }

  private async carryOn({ provider, subject, refreshToken, remember }: RefreshableLogin): Promise<CarriedOnLogin> {
    const { configuration } = await this.connect(provider);
    const answer = await client.refreshTokenGrant(configuration, refreshToken).catch((error: unknown) => {
      throw refreshFailure(error);
    });
    const next = { provider, subject, remember, accessToken: answer.access_token, idToken: answer.id_token };
    const login = { ...next, refreshToken: answer.refresh_token ?? refreshToken };
    const context = await this.proof(login).catch((error: unknown) => {
      throw refreshFailure(error);
    });
    const signedIn = answer.claims()?.sub ?? subject;
    if (context.principal.userId !== subject || signedIn !== subject) throw notGranted('another person');
    return { login, context };
  }

  private async connect(name: string): Promise<ConnectedProvider> {
    const known = this.providers.all.some((provider) => provider.name === name && provider.settings.passThrough);
    if (!known) throw notGranted('provider');
    return this.providers.connect(name);
  }

  /** @throws AuthError `federated_login_failed` when its access token is none that a request could be made with */
  private async proof({ provider, accessToken }: ProviderLogin): Promise<CarriedOnLogin['context']> {
    const context = await this.tokens.prove(accessToken).catch((error: unknown) => {
      throw error instanceof AuthError && error.status < 500
        ? notProven(`access token: ${error.detail}`, error)
        : error;
    });
    if (context.issuer !== this.providers.get(provider).issuer) throw notProven('issuer');
    return context;
  }
}

function keyOf(refreshToken: string): string {
  return sha256(refreshToken).toString('base64');
}

function refreshFailure(error: unknown): AuthError {
  const failure = asFailure(error);
  return failure.code === 'unavailable' ? failure : notGranted(failure.detail ?? failure.code, error);
}

function notGranted(detail: string, cause?: unknown): AuthError {
  return new AuthError('invalid_grant', 'The refresh token is not valid', { detail, cause });
}
