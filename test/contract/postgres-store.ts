import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../src/database/database';
import { PostgresSessionStore } from '../../src/strategy/postgres-session.store';
import type { SessionOwner } from '../../src/strategy/session.store';
import { openDatabaseContext, type DatabaseContext } from '../support/database-context';
import { createTestDatabase } from '../support/test-database';

const TENANT = {
  name: 'test_tenant',
  text: `INSERT INTO tenants (id, slug, name) VALUES ($1, $2, 'Test') ON CONFLICT DO NOTHING`,
};
const USER = {
  name: 'test_user',
  text: 'INSERT INTO users (id, tenant_id, username, username_key, created_at, updated_at) VALUES ($1, $2, $3, $3, now(), now())',
};

export interface PostgresStore {
  readonly store: PostgresSessionStore;
  readonly context: DatabaseContext;
  owner(tenantId?: string): Promise<SessionOwner>;
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Sessions in a database of their own. */
export async function openPostgresStore(): Promise<PostgresStore> {
  const testDatabase = await createTestDatabase();
  const context = await openDatabaseContext({ url: testDatabase.url });
  const { database } = context;
  return {
    store: new PostgresSessionStore(database, context.background),
    context,
    owner: async (tenantId = randomUUID()) => {
      const userId = randomUUID();
      await database.rows(TENANT, [tenantId, tenantId]);
      await database.rows(USER, [userId, tenantId, userId]);
      return { tenantId, userId };
    },
    transaction: (work) => database.transaction(work),
    close: async () => {
      await context.close();
      await testDatabase.drop();
    },
  };
}
