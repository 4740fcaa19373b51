import { AsyncLocalStorage } from 'node:async_hooks';
import { RepeatedWork } from './repeated-work';

describe('work that is done for everybody', () => {
  it('knows nothing of whoever hurries it', async () => {
    const tenant = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const work = new RepeatedWork(async () => {
      seen.push(tenant.getStore());
      await Promise.resolve();
      seen.push(tenant.getStore());
      return false;
    }, 1000);
    await tenant.run('whoever hurries it', () => work.run());
    expect(seen).toEqual([undefined, undefined]);
    await work.stop();
  });

  it('takes one turn at a time, and another one for what came meanwhile', async () => {
    let under = 0;
    let most = 0;
    let steps = 0;
    const work = new RepeatedWork(async () => {
      under += 1;
      most = Math.max(most, under);
      steps += 1;
      await new Promise(setImmediate);
      under -= 1;
      return false;
    }, 1000);
    await Promise.all([work.run(), work.run(), work.run()]);
    expect([most, steps]).toEqual([1, 2]);
    await work.stop();
    await work.run();
    expect(steps).toBe(2);
  });
});
