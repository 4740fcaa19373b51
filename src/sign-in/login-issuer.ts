import { Injectable } from '@nestjs/common';
import { EventLog } from '../common/event-log';
import { Devices, type RememberedDevice } from '../identity/factors/devices';
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

/** Starts the login of somebody whose every factor was right: the one way in, whatever proved them. */
@Injectable()
export class LoginIssuer {
  constructor(
    private readonly strategies: AuthStrategies,
    private readonly issuance: IssuancePolicy,
    private readonly devices: Devices,
    private readonly events: EventLog,
  ) {}

  /** `rememberDevice`: it stands for the second factor from now on where one was just proven, else it is only known. */
  issue(person: VerifiedPerson, login: LoginFacts, rememberDevice = false): Promise<StartedLogin> {
    const { mode } = person.terms;
    const kind = this.issuance.kindOf(this.issuance.modeFor(mode));
    const facts = { 'latchkey.tenant_id': person.principal.tenantId, 'latchkey.kind': kind };
    return inSpan('latchkey.token.issue', facts, async () => {
      const grant = await this.strategies.issuing(mode).issue(person, login);
      this.record(grant, login, kind);
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
