import { availableParallelism } from 'node:os';
import { Clock } from '../common/clock';
import { HashingLane, type HashingLaneSettings } from './hashing-lane';

class SteppedClock extends Clock {
  milliseconds = 0;

  override monotonic(): number {
    return this.milliseconds;
  }
}

/** Work that ends when told to, and a count of how much of it ran at once. */
class Work {
  readonly order: string[] = [];
  most = 0;
  private running = 0;
  private readonly endings: (() => void)[] = [];

  start(name: string): () => Promise<string> {
    return async () => {
      this.order.push(name);
      this.most = Math.max(this.most, (this.running += 1));
      await new Promise<void>((resolve) => this.endings.push(resolve));
      this.running -= 1;
      return name;
    };
  }

  async endOne(): Promise<void> {
    await settled();
    this.endings.shift()?.();
    await settled();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function laneOf(settings: Partial<HashingLaneSettings> = {}, clock: Clock = new SteppedClock()) {
  return new HashingLane({ maxConcurrent: 2, ...settings }, clock);
}

describe('HashingLane', () => {
  it('runs no more than its slots at once and serves the rest in order of arrival', async () => {
    const lane = laneOf();
    const work = new Work();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const results = names.map((name) => lane.run(work.start(name)));
    await settled();
    expect([lane.running, lane.queued]).toEqual([2, 4]);
    for (let i = 0; i < names.length; i += 1) await work.endOne();
    expect((await Promise.all(results)).map(({ value }) => value)).toEqual(names);
    expect(work.order).toEqual(names);
    expect(work.most).toBe(2);
    expect([lane.running, lane.queued]).toEqual([0, 0]);
  });

  it('lets nobody overtake the queue while a slot changes hands', async () => {
    const lane = laneOf({ maxConcurrent: 1 });
    const work = new Work();
    void lane.run(work.start('first'));
    void lane.run(work.start('second'));
    await settled();
    const ending = work.endOne();
    void lane.run(work.start('late'));
    await ending;
    expect(lane.queued).toBe(1);
    expect(work.order).toEqual(['first', 'second']);
    expect(lane.running).toBe(1);
  });

  it('refuses beyond the queue with overloaded and a time to come back', async () => {
    const lane = laneOf({ maxConcurrent: 1, queueLimit: 2 });
    const work = new Work();
    const accepted = ['a', 'b', 'c'].map((name) => lane.run(work.start(name)));
    await expect(lane.run(work.start('d'))).rejects.toMatchObject({ code: 'overloaded', status: 503, retryAfter: 1 });
    for (let i = 0; i < 3; i += 1) await work.endOne();
    await Promise.all(accepted);
    expect(work.order).toEqual(['a', 'b', 'c']);
  });

  it('has a queue of one hundred unless told otherwise', async () => {
    const lane = laneOf({ maxConcurrent: 1 });
    const never = () => new Promise<void>(() => undefined);
    for (let i = 0; i < 101; i += 1) void lane.run(never);
    await expect(lane.run(never)).rejects.toMatchObject({ code: 'overloaded' });
    expect([lane.running, lane.queued]).toEqual([1, 100]);
  });

  it('gives the place of an abandoned waiter back', async () => {
    const lane = laneOf({ maxConcurrent: 1, queueLimit: 1 });
    const work = new Work();
    const first = lane.run(work.start('a'));
    const leaving = new AbortController();
    const abandoned = lane.run(work.start('b'), leaving.signal);
    leaving.abort(new Error('the client went away'));
    await expect(abandoned).rejects.toThrow('the client went away');
    const next = lane.run(work.start('c'));
    await work.endOne();
    await work.endOne();
    await Promise.all([first, next]);
    expect(work.order).toEqual(['a', 'c']);
  });

  it('does not begin for a caller who has already left', async () => {
    const work = new Work();
    await expect(laneOf().run(work.start('a'), AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(work.order).toEqual([]);
  });

  it('frees the slot of work that fails', async () => {
    const lane = laneOf({ maxConcurrent: 1 });
    await expect(lane.run(() => Promise.reject(new Error('no memory')))).rejects.toThrow('no memory');
    await expect(lane.run(() => Promise.resolve('next'))).resolves.toMatchObject({ value: 'next' });
  });

  it('measures the wait apart from the work', async () => {
    const clock = new SteppedClock();
    const lane = laneOf({ maxConcurrent: 1 }, clock);
    const work = new Work();
    void lane.run(work.start('a'));
    const second = lane.run(work.start('b'));
    clock.milliseconds = 70;
    await work.endOne();
    clock.milliseconds = 100;
    await work.endOne();
    await expect(second).resolves.toEqual({ value: 'b', queuedMs: 70, durationMs: 30 });
  });

  it('refuses instead of hashing for someone who waited too long', async () => {
    const clock = new SteppedClock();
    const lane = laneOf({ maxConcurrent: 1, maxWaitMs: 1000 }, clock);
    const work = new Work();
    void lane.run(work.start('slow'));
    const late = lane.run(work.start('late'));
    const refused = expect(late).rejects.toMatchObject({ code: 'overloaded' });
    clock.milliseconds = 1001;
    await work.endOne();
    await refused;
    expect([lane.running, lane.queued]).toEqual([0, 0]);
    expect(work.order).toEqual(['slow']);
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [64, availableParallelism()],
  ])('leaves room in a libuv pool of %i threads: at most %i at once', (poolSize, most) => {
    expect(laneOf({ maxConcurrent: 'auto', poolSize }).slots).toBe(Math.min(most, availableParallelism()));
  });
});
