import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { KeyCabinet } from '../keys/key-cabinet';
import { KeyChanges } from '../keys/key-changes.service';
import { keyFacts, type KeyFacts } from '../keys/key-facts';
import { AdminAudit } from './admin-audit';
import type { AdminScope } from './admin-scope';
import type { RotateKeyBody } from './admin.schemas';

/** Looks at signing keys, rotates and retires them. */
@Injectable()
export class AdminKeys {
  constructor(
    private readonly cabinet: KeyCabinet,
    private readonly changes: KeyChanges,
    private readonly clock: Clock,
    private readonly audit: AdminAudit,
  ) {}

  /** Retired ones too. */
  async list(): Promise<KeyFacts[]> {
    const now = this.clock.now();
    return (await this.cabinet.lives()).map((life) => keyFacts(life, now));
  }

  /** @throws AuthError `conflict` */
  async rotate(scope: AdminScope, { now: atOnce, reason }: RotateKeyBody): Promise<object> {
    const { id: kid, algorithm, signsFrom } = await this.changes.rotate({ atOnce });
    this.record(scope, kid, 'key_rotated', reason);
    return { kid, algorithm, signs_from: new Date(signsFrom).toISOString() };
  }

  /** @throws AuthError `not_found`, `conflict` */
  async retire(scope: AdminScope, kid: string, reason: string): Promise<void> {
    await this.changes.retire(kid);
    this.record(scope, kid, 'key_retired', reason);
  }

  private record(scope: AdminScope, id: string, kind: string, reason: string): void {
    this.audit.record(scope, { kind, target: { kind: 'key', id }, tenantId: null, reason });
  }
}
