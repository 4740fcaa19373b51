import { SharedTurns } from './shared-turns';

interface Run {
  readonly end: (result: string) => void;
  readonly fail: (error: Error) => void;
}

describe('shared turns', () => {
  let turns: SharedTurns<string>;
  let runs: Run[];

  beforeEach(() => {
    turns = new SharedTurns();
    runs = [];
  });

  const ask = (key = 'key'): Promise<string> =>
    turns.run(key, () => new Promise((end, fail) => void runs.push({ end, fail })));

  const settled = (): Promise<void> => new Promise(setImmediate);

  it('gives all who come during a run the next one, and none the run that had begun', async () => {
    const first = ask();
    const others = [ask(), ask(), ask()];
    expect(runs).toHaveLength(1);
    runs[0]!.end('first');
    expect(await first).toBe('first');
    await settled();
    expect(runs).toHaveLength(2);
    const late = ask();
    runs[1]!.end('second');
    expect(await Promise.all(others)).toEqual(['second', 'second', 'second']);
    await settled();
    runs[2]!.end('third');
    expect(await late).toBe('third');
  });

  it('never runs twice at once, whenever somebody comes', async () => {
    let running = 0;
    let most = 0;
    const work = async (): Promise<string> => {
      most = Math.max(most, ++running);
      await settled();
      running -= 1;
      return '';
    };
    const comeBack = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i += 1) {
        await turns.run('key', work);
        for (let later = 0; later < i % 4; later += 1) await null;
      }
    };
    await Promise.all(Array.from({ length: 20 }, () => comeBack(20)));
    expect(most).toBe(1);
  });

  it('runs other keys beside', () => {
    void ask('one');
    void ask('other');
    expect(runs).toHaveLength(2);
  });

  it('tells a failure to those who share it, and to nobody else', async () => {
    const first = ask();
    const [second, third] = [ask(), ask()];
    runs[0]!.fail(new Error('first'));
    await expect(first).rejects.toThrow('first');
    await settled();
    runs[1]!.fail(new Error('second'));
    await expect(second).rejects.toThrow('second');
    await expect(third).rejects.toThrow('second');
    const fourth = ask();
    runs[2]!.end('fourth');
    expect(await fourth).toBe('fourth');
  });

  it('keeps nothing of what is over', async () => {
    const asked = [ask(), ask()];
    runs[0]!.end('');
    await settled();
    runs[1]!.fail(new Error('over'));
    await Promise.allSettled(asked);
    expect(Object.values(turns).map((kept: Map<string, unknown>) => kept.size)).toEqual([0, 0]);
  });
});
