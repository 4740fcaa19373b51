import { spread } from './figures';
import { expecting, type Answer, type Grant, type Person, type ServiceClient } from './service-client';

export type Delays = ReturnType<typeof spread>;

/** Ends a login on one process; what it returns is called once the other process has refused it. */
export type End = (victim: Grant) => Promise<unknown>;

interface Fleet {
  /** Where logins are ended, and where that is noticed. */
  readonly here: ServiceClient;
  readonly there: ServiceClient;
  readonly person: Person;
}

/** How long the other process, its cache warm, goes on to serve a login after the answer to whatever ended it. */
export async function measureDelays({ here, there, person }: Fleet, runs: number, end: End): Promise<Delays> {
  const delays: number[] = [];
  for (let run = 0; run < runs; run++) {
    const victim = await expecting(200, here.login(person));
    for (let warm = 0; warm < 2; warm++) await expecting(200, there.me(victim.access_token));
    const afterwards = await end(victim);
    const answered = performance.now();
    const refusal = await firstRefusal(there, victim);
    delays.push(performance.now() - answered);
    expect(refusal).toMatchObject({ status: 401, code: 'token_revoked' });
    expect(await there.me(victim.access_token)).toMatchObject({ status: 401, code: 'token_revoked' });
    if (typeof afterwards === 'function') await afterwards();
  }
  return spread(delays);
}

async function firstRefusal(there: ServiceClient, victim: Grant): Promise<Answer> {
  const patience = performance.now() + 10_000;
  for (;;) {
    const answer = await there.me(victim.access_token);
    if (answer.status !== 200 || performance.now() > patience) return answer;
  }
}
