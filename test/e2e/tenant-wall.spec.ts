import { randomBytes, randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { PROFILES } from '../support/profiles';
import { withClient } from '../support/test-database';
import { useService, type Person, type Service } from './service';

type Query = (this: Client, ...args: unknown[]) => unknown;

/** Conditions that name a tenant or a user by a parameter, such as `d.tenant_id = $1`. */
const CONDITION = /(?:\b\w+\.)?\b(?:tenant_id|user_id) = (\$\d+)/g;

/** Every statement that is sent while `work` runs has forgotten whose rows are meant. Returns how many conditions that were. */
async function forgetful(work: () => Promise<void>): Promise<number> {
  const original = Client.prototype.query as Query;
  let forgotten = 0;
  const query: Query = function (this: Client, ...args) {
    const [first, ...rest] = args;
    const statement = first as { readonly name?: string; readonly text?: string };
    if (typeof statement?.text !== 'string') return original.apply(this, args);
    const text = statement.text.replace(CONDITION, (_, parameter: string) => {
      forgotten += 1;
      return `${parameter}::uuid IS NOT NULL`;
    });
    const name = statement.name && `forgetful_${statement.name}`;
    return original.call(this, { ...statement, text, name }, ...rest);
  };
  Object.assign(Client.prototype, { query });
  try {
    await work();
    return forgotten;
  } finally {
    Object.assign(Client.prototype, { query: original });
  }
}

/** A device and an identity of somebody. */
async function thingsOf(service: Service, { tenantId, userId }: Person): Promise<{ device: string; identity: string }> {
  const [device, identity] = [randomUUID(), randomUUID()];
  await withClient(service.app.database.url, async (client) => {
    await client.query(
      `INSERT INTO devices (token_hash, id, tenant_id, user_id, name, created_at, last_used_at, expires_at)
       VALUES ($1, $2, $3, $4, 'theirs', now(), now(), now() + interval '1 day')`,
      [randomBytes(32), device, tenantId, userId],
    );
    await client.query(
      `INSERT INTO federated_identities (id, tenant_id, user_id, provider, issuer, subject, created_at)
       VALUES ($1, $2, $3, 'op', 'https://op.example', $4, now())`,
      [identity, tenantId, userId, randomUUID()],
    );
  });
  return { device, identity };
}

async function countOf(service: Service, table: string, id: string): Promise<number> {
  return withClient(service.app.database.url, async (client) => {
    return (await client.query(`SELECT 1 FROM ${table} WHERE id = $1`, [id])).rowCount ?? 0;
  });
}

describe.each(PROFILES)('statements that have forgotten whose rows are meant, $name', ({ settings }) => {
  describe('behind the wall', () => {
    const service = useService({ settings: { ...settings, 'database.row_level_security': 'require' } });

    it("find, list and remove nothing of another tenant's", async () => {
      const theirs = await service.person({ tenantId: (await service.tenant()).id });
      const { device, identity } = await thingsOf(service, theirs);
      const token = (await service.signedIn()).grant.access_token;
      const forgotten = await forgetful(async () => {
        for (const path of [`/auth/devices/${device}`, `/auth/identities/${identity}`]) {
          expect(await service.http.delete(path, { token })).toMatchObject({ status: 404, code: 'not_found' });
        }
        for (const path of ['/auth/devices', '/auth/identities', '/auth/mfa']) {
          const answer = await service.http.get(path, { token });
          expect([answer.status, answer.text.includes(device), answer.text.includes(identity)]).toEqual([
            200,
            false,
            false,
          ]);
        }
      });
      expect(forgotten).toBeGreaterThan(5);
      expect(await countOf(service, 'devices', device)).toBe(1);
      expect(await countOf(service, 'federated_identities', identity)).toBe(1);
    });
  });

  describe('without it', () => {
    const service = useService({ settings: { ...settings, 'database.row_level_security': 'off' } });

    it('do, so that this test would tell', async () => {
      const theirs = await service.person({ tenantId: (await service.tenant()).id });
      const { device } = await thingsOf(service, theirs);
      const token = (await service.signedIn()).grant.access_token;
      await forgetful(async () => {
        expect((await service.http.get('/auth/devices', { token })).text).toContain(device);
        expect((await service.http.delete(`/auth/devices/${device}`, { token })).status).toBe(204);
      });
      expect(await countOf(service, 'devices', device)).toBe(0);
    });
  });
});
