import { randomUUID } from 'node:crypto';
import { CleanupJob } from '../../src/maintenance/cleanup.job';
import { LockoutService } from '../../src/protection/lockout.service';
import { SecretHunt } from '../support/secret-hunt';
import { DAY, MINUTE } from '../support/test-app';
import { PASSWORD, type Grant, type Person, type Service } from './service';

export const EXPIRED_BY = 400 * DAY;

/** Everything that a metric could let slip about the people of the traffic. */
export function privateThings(people: readonly Person[], grants: readonly Grant[]): SecretHunt {
  const hunt = new SecretHunt();
  hunt.add('password', PASSWORD);
  for (const { userId, tenantId, email, username } of people) {
    Object.entries({ userId, tenantId, email, username }).forEach(([name, value]) => hunt.add(name, value));
  }
  for (const { access_token, refresh_token } of grants) {
    hunt.addToken('access token', access_token);
    hunt.addToken('refresh token', refresh_token);
  }
  return hunt;
}

/** Does everything that is counted, each thing at least once. Ends with a clock that is ahead of every token. */
export async function driveTraffic(service: Service): Promise<SecretHunt> {
  const { person, grant, sessionId } = await service.signedIn();
  const hunted = await refuseLogins(service);
  const refreshed = await refreshes(service, grant);
  const token = refreshed.access_token;
  await attempts(service, token);
  const other = await service.signedIn(person);
  await service.http.post('/auth/logout', { token: other.grant.access_token });
  await service.app.provider(CleanupJob).run();
  service.clock.advance(EXPIRED_BY);
  await service.me(token);
  const hunt = privateThings([person, hunted], [grant, refreshed, other.grant]);
  hunt.add('session id', sessionId);
  return hunt;
}

async function refuseLogins(service: Service): Promise<Person> {
  const hunted = await service.person();
  for (let attempt = 0; attempt < 6; attempt += 1) await service.login(hunted, { password: 'not the right one' });
  await service.login({ ...hunted, email: 'nobody@example.com' });
  const { tenantId, userId, email } = hunted;
  await service.app.provider(LockoutService).unlock({ tenantId, userId, identifier: email });
  return hunted;
}

async function refreshes(service: Service, { refresh_token: first }: Grant): Promise<Grant> {
  const refreshed = (await service.refresh(first)).body;
  await service.refresh(first);
  const another = (await service.signedIn()).grant.refresh_token;
  const next = (await service.refresh(another)).body;
  await service.refresh(next.refresh_token ?? another);
  service.clock.advance(MINUTE);
  await service.refresh(another);
  await service.refresh(another);
  return refreshed;
}

async function attempts(service: Service, token: string): Promise<void> {
  await service.me(token);
  await service.me('neither-kind-of-token');
  await service.http.get(`/observed/users/${randomUUID()}`, { token });
  await service.http.get('/observed/tenants/not-an-id', { token });
  await service.http.get('/observed/broken', { token });
  await service.http.get('/nowhere', { token });
}
