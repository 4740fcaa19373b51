import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { AccountChanges } from './account-changes.service';
import { UserImportStore, type ImportedUser, type ImportObstacles } from './user-import.store';
import { UserStore } from './user.store';

/** What becomes of an account that is there already: it is left, gets what the import says, or ends the import. */
export type OnConflict = 'skip' | 'update' | 'fail';

export interface ImportOrder {
  readonly tenantId: string;
  readonly onConflict: OnConflict;
  /** Finds out what would happen and changes nothing. */
  readonly dryRun: boolean;
}

/** What happened to one account; `refused` says why. */
export type ImportOutcome =
  { readonly kind: 'created' | 'updated' | 'skipped' } | { readonly kind: 'refused'; readonly reason: string };

/** An account to import, and which of its optional facts were given. */
export interface ImportEntry {
  readonly user: ImportedUser;
  readonly given: ReadonlySet<keyof ImportedUser>;
}

const REFUSED = {
  id: 'id is taken by an account of another tenant',
  owners: 'id, email and username are those of different accounts',
  username: 'username is taken by another account',
  taken: 'is taken',
};

/** Brings accounts of another system into a tenant, batch by batch. A batch that is given again changes nothing. */
@Injectable()
export class UserImport {
  constructor(
    private readonly store: UserImportStore,
    private readonly users: UserStore,
    private readonly changes: AccountChanges,
    private readonly clock: Clock,
    private readonly events: EventLog,
  ) {}

  /** One outcome for each entry, in their order. */
  async run(entries: readonly ImportEntry[], order: ImportOrder): Promise<ImportOutcome[]> {
    const made = order.dryRun ? new Set<string>() : await this.insert(entries, order);
    const left = entries.filter(({ user }) => !made.has(user.id));
    const obstacles = left.length > 0 ? await this.obstacles(left, order) : new Map<ImportEntry, ImportObstacles>();
    const outcomes: ImportOutcome[] = [];
    for (const entry of entries) {
      const met = obstacles.get(entry);
      outcomes.push(met ? await this.settle(entry, met, order) : { kind: 'created' });
    }
    return outcomes;
  }

  /** For the record, once at the end of an import. */
  finished({ tenantId, dryRun }: ImportOrder, count: number): void {
    if (!dryRun && count > 0) this.events.record('users_imported', { tenantId, count, actor: { kind: 'operator' } });
  }

  private async insert(entries: readonly ImportEntry[], { tenantId, onConflict }: ImportOrder): Promise<Set<string>> {
    const users = entries.map(({ user }) => user);
    const now = this.clock.date();
    if (onConflict !== 'fail') return this.store.insert(tenantId, users, now);
    const all = await this.store.insertAll(tenantId, users, now);
    return new Set(all ? users.map(({ id }) => id) : []);
  }

  private async obstacles(
    entries: readonly ImportEntry[],
    { tenantId }: ImportOrder,
  ): Promise<Map<ImportEntry, ImportObstacles>> {
    const users = entries.map(({ user }) => user);
    const found = await this.store.obstacles(tenantId, users);
    return new Map(entries.map((entry, place) => [entry, found[place] as ImportObstacles]));
  }

  private async settle(entry: ImportEntry, met: ImportObstacles, order: ImportOrder): Promise<ImportOutcome> {
    const { idTenant, emailOwner, usernameOwner } = met;
    const { user } = entry;
    if (idTenant === null && emailOwner === null && usernameOwner === null) return this.unhindered(order);
    if (order.onConflict === 'fail') return { kind: 'refused', reason: REFUSED.taken };
    if (idTenant !== null && idTenant !== order.tenantId) return { kind: 'refused', reason: REFUSED.id };
    const sameId = idTenant === null ? null : user.id;
    const owners = new Set([sameId, emailOwner, usernameOwner].filter((owner) => owner !== null));
    if (owners.size > 1) return { kind: 'refused', reason: REFUSED.owners };
    // A username alone does not make somebody the same person when both have an address.
    if (sameId === null && emailOwner === null && user.email !== null) {
      return { kind: 'refused', reason: REFUSED.username };
    }
    if (order.onConflict === 'skip' || order.dryRun)
      return { kind: order.onConflict === 'skip' ? 'skipped' : 'updated' };
    return this.update(entry, [...owners][0] as string, order.tenantId);
  }

  /** Nothing was in the way: a dry run would make it; a batch that was undone takes it with it. */
  private unhindered({ dryRun }: ImportOrder): ImportOutcome {
    return dryRun ? { kind: 'created' } : { kind: 'refused', reason: 'is in a batch with one that is taken' };
  }

  /** What must be felt by tokens goes the way of every such change; the password of an account is never replaced. */
  private async update({ user, given }: ImportEntry, userId: string, tenantId: string): Promise<ImportOutcome> {
    const now = this.clock.date();
    const { name, passwordHash, emailVerified } = user;
    let changed = await this.store.update({ tenantId, userId, name, passwordHash, emailVerified, now });
    const current = await this.users.findPersonById(tenantId, userId);
    if (!current) return { kind: 'skipped' };
    const ref = { tenantId, userId };
    if (given.has('roles') && [...current.roles].sort().join(' ') !== [...user.roles].sort().join(' ')) {
      await this.changes.setRoles(ref, user.roles);
      changed = true;
    }
    if (given.has('status') && current.status !== user.status) {
      await (user.status === 'disabled' ? this.changes.disable(ref) : this.changes.enable(ref));
      changed = true;
    }
    return { kind: changed ? 'updated' : 'skipped' };
  }
}
