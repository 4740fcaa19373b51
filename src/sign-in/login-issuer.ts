import { Injectable } from '@nestjs/common';
import { EventLog } from '../common/event-log';
import { Devices, type RememberedDevice } from '../identity/factors/devices';
import type { ProviderSession } from '../identity/federated/saml-session.store';
import { SamlSessions } from '../identity/federated/saml-sessions';
import { inSpan } from '../common/tracing';
import type { VerifiedPerson } from '../identity/verified-person';
import { AuthStrategies } from '../strategy/auth-strategies';
import type { LoginFacts, SuccessorKind, TokenGrant } from '../strategy/auth-strategy';
import { deviceName } from '../strategy/device-name';
import { IssuancePolicy } from '../strategy/issuance-policy';

export interface StartedLogin {
  readonly grant: TokenGrant;
  /** Whether it outlives the browser. */
  readonly remember: boolean;
  /** Where the person asked that this device be remembered. */
  readonly device: RememberedDevice | null;
}

/** What a login brings along beside its facts. */
export interface LoginExtras {
  /** It stands for the second factor from now on where one was just proven, else it is only known. */
  readonly rememberDevice?: boolean;
  /** The session of a SAML provider that began it. */
  readonly samlSession?: ProviderSession | null;
}

/** Starts the login of somebody whose every factor was right: the one way in, whatever proved them. */
@Injectable()
export class LoginIssuer {
  constructor(
    private readonly strategies: AuthStrategies,
    private readonly issuance: IssuancePolicy,
    private readonly devices: Devices,
    private readonly samlSessions: SamlSessions,
    private readonly events: EventLog,
  ) {}

  issue(person: VerifiedPerson, login: LoginFacts, extras: LoginExtras = {}): Promise<StartedLogin> {
    const { mode } = person.terms;
    const kind = this.issuance.kindOf(this.issuance.modeFor(mode));
    const facts = { 'latchkey.tenant_id': person.principal.tenantId, 'latchkey.kind': kind };
    return inSpan('latchkey.token.issue', facts, async () => {
      const grant = await this.strategies.issuing(mode).issue(person, login);
      this.record(grant, login, kind);
      const { rememberDevice, samlSession } = extras;
      if (samlSession) await this.samlSessions.began({ ...grant.principal, sessionId: grant.sessionId }, samlSession);
      return { grant, remember: login.remember, device: rememberDevice ? await this.remember(person, login) : null };
    });
  }

  private remember({ principal }: VerifiedPerson, { client, amr }: LoginFacts): Promise<RememberedDevice> {
    const { tenantId, userId } = principal;
    return this.devices.remember({ tenantId, userId }, deviceName(client.userAgent), amr.includes('mfa'));
  }

  private record(grant: TokenGrant, { client, amr }: LoginFacts, kind: SuccessorKind): void {
    const { tenantId, userId } = grant.principal;
    const facts = { tenantId, userId, sessionId: grant.sessionId, ipAddress: client.ipAddress };
    this.events.record('login_succeeded', { ...facts, userAgent: client.userAgent, reason: amr.join(' ') });
    this.events.record('session_created', { ...facts, kind });
  }
}
