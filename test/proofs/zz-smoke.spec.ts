import { createTestDatabase } from '../support/test-database';
import { startService } from '../support/service-process';
it('smokes', async () => {
  const db = await createTestDatabase();
  const a = await startService({ databaseUrl: db.url });
  console.log(a.startedIn, a.port, a.output);
  const r = await fetch(a.url + '/auth/register', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'a@example.com', password: 'correct horse battery' }) });
  console.log(r.status, await r.text());
  const l = await fetch(a.url + '/auth/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: 'a@example.com', password: 'correct horse battery' }) });
  console.log(l.status, await l.text());
  const t = performance.now();
  console.log(await a.stop(), performance.now() - t);
  await db.drop();
}, 60000);
