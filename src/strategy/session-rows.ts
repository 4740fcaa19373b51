import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { Clock } from '../common/clock';
import type { ConsumedLogin, SessionView } from './auth-strategy';
import { deviceName } from './device-name';
import { IssuancePolicy } from './issuance-policy';
import type { LoginGeneration } from './login-generation';
import { SessionLimit } from './session-limit';
import { SessionStore, type GrantHashes, type NewSession } from './session.store';

/** The row behind a login, for every kind of grant that has one. */
@Injectable()
export class SessionRows {
  constructor(
    private readonly store: SessionStore,
    private readonly limit: SessionLimit,
    private readonly issuance: IssuancePolicy,
    private readonly clock: Clock,
  ) {}

  /** @throws AuthError `conflict` where a limit of sessions refuses */
  async open(generation: LoginGeneration, grant: GrantHashes): Promise<SessionView> {
    const row = rowOf(generation, grant, generation.issuedAt);
    await this.limit.open(row);
    return {
      id: row.id,
      ipAddress: row.ipAddress,
      userAgent: row.userAgent,
      device: row.device,
      amr: row.amr,
      createdAt: row.now,
      lastActivity: row.now,
      expiresAt: row.expiresAt,
    };
  }

  /** @throws AuthError `invalid_grant` when the login was revoked or went another way since it was consumed. */
  async carryOn(login: ConsumedLogin, generation: LoginGeneration, grant: GrantHashes): Promise<SessionView> {
    const view = await this.store.carryOn({
      ...rowOf(generation, grant, this.clock.date()),
      parentHash: login.parentHash,
      parentAccessUntil: this.parentAccessUntil(login),
    });
    return view ?? overtaken();
  }

  /** The row of a login that goes on without one; nothing to do when it had none. */
  async handOver(login: ConsumedLogin): Promise<void> {
    if (!login.hadRow) return;
    const { tenantId, userId } = login.person.principal;
    const handedOver = await this.store.handOver({
      id: login.sessionId,
      tenantId,
      userId,
      parentHash: login.parentHash,
      parentAccessUntil: this.parentAccessUntil(login),
      now: this.clock.date(),
    });
    if (!handedOver) overtaken();
  }

  private parentAccessUntil(login: ConsumedLogin): Date {
    return new Date(login.consumedAt.getTime() + this.issuance.reuseWindow);
  }
}

function rowOf(generation: LoginGeneration, grant: GrantHashes, now: Date): NewSession {
  const { client, person } = generation;
  return {
    id: generation.sessionId,
    tenantId: person.principal.tenantId,
    userId: person.principal.userId,
    grant,
    generations: person.generations,
    ipAddress: client.ipAddress,
    userAgent: client.userAgent,
    device: deviceName(client.userAgent),
    amr: generation.amr,
    authTime: generation.authTime,
    now,
    expiresAt: generation.deadline,
  };
}

function overtaken(): never {
  throw new AuthError('invalid_grant', 'The refresh token is not valid', { detail: 'overtaken' });
}
