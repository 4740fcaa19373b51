import { Injectable } from '@nestjs/common';
import { digestsMatch, hmacSha256 } from '../common/digest';
import { RootKeys } from '../keys/root-keys';
import type { AuditDetail, AuditRow } from './audit-entry';

const PURPOSE = 'audit';

/** What is proven: one is never taken for another. */
type ProofDomain = 'row' | 'rows' | 'seal' | 'head';

/** Half of a digest is enough for what is kept a million times. Bytes. */
const ROW_PROOF = 16;

/** The row, its time in the microseconds that the database keeps. */
export type CanonicalRow = Omit<AuditRow, 'occurredAt'> & { readonly occurredAt: string };

/** Proofs over rows and seals, by a key that whoever holds the database does not have. */
@Injectable()
export class AuditKeys {
  private readonly current: Buffer;

  constructor(private readonly roots: RootKeys) {
    this.current = roots.derive(PURPOSE);
  }

  get currentId(): string {
    return this.roots.currentId;
  }

  prove(domain: ProofDomain, statement: string): Buffer {
    return proofOf(this.current, domain, statement);
  }

  /** Null when the root key it was made with is not configured. */
  holds(keyId: string, mac: Buffer, domain: ProofDomain, statement: string): boolean | null {
    const key = this.roots.deriveWith(keyId, PURPOSE);
    return key && digestsMatch(proofOf(key, domain, statement), mac);
  }
}

function proofOf(key: Buffer, domain: ProofDomain, statement: string): Buffer {
  const proof = hmacSha256(key, `${domain}\n${statement}`);
  return domain === 'row' ? proof.subarray(0, ROW_PROOF) : proof;
}

export function canonicalTime(at: Date): string {
  return at.toISOString().replace('Z', '000Z');
}

/** One spelling for one row, whoever read it. */
export function canonical(row: CanonicalRow): string {
  return JSON.stringify([
    row.id,
    row.occurredAt,
    row.event,
    row.outcome,
    row.reason,
    row.tenantId,
    row.actorKind,
    row.actorId,
    row.targetKind,
    row.targetId,
    row.userId,
    row.sessionId,
    row.clientId,
    row.ipAddress,
    row.userAgent,
    row.requestId,
    sorted(row.details),
  ]);
}

/** As pairs: an object's own order of keys is neither that of the database nor free of exceptions. */
function sorted(value: AuditDetail): unknown {
  if (Array.isArray(value)) return value.map((item: AuditDetail) => sorted(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as { [key: string]: AuditDetail });
  return { object: entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]) };
}
