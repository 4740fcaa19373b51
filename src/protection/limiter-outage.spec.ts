import { Clock } from '../common/clock';
import { EventLog } from '../common/event-log';
import { createLogger } from '../common/logger';
import { LimiterOutage } from './limiter-outage';
import { RefusalLog } from './refusal-log';

class SteppedClock extends Clock {
  milliseconds = 0;

  override monotonic(): number {
    return this.milliseconds;
  }
}

function told() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, events: new EventLog(createLogger('info', { write })), clock: new SteppedClock() };
}

describe('a store of counts that is lost', () => {
  const failing = () => Promise.reject(new Error('gone'));

  it('is asked once a second, and told of once an outage', async () => {
    const { lines, events, clock } = told();
    const outage = new LimiterOutage('redis', clock, events);
    let asked = 0;
    const ask = () => outage.ask(() => ((asked += 1), failing())).catch(() => 'refused');
    for (let i = 0; i < 10; i += 1) await ask();
    expect(asked).toBe(1);
    clock.milliseconds = 1_000;
    await Promise.all([ask(), ask(), ask()]);
    expect(asked).toBe(2);
    expect(lines).toMatchObject([{ event: 'limiter_degraded', reason: 'redis', level: 'warn' }]);
  });

  it('is used again as soon as it answers, and told of again only after a minute', async () => {
    const { lines, events, clock } = told();
    const outage = new LimiterOutage('redis', clock, events);
    for (const at of [0, 2_000, 70_000]) {
      clock.milliseconds = at;
      await expect(outage.ask(failing)).rejects.toThrow('gone');
      clock.milliseconds = at + 1_000;
      await expect(outage.ask(() => Promise.resolve('here'))).resolves.toBe('here');
      await expect(outage.ask(() => Promise.resolve('still'))).resolves.toBe('still');
    }
    expect(lines).toHaveLength(2);
  });
});

describe('refusals', () => {
  it('are told of ten times in ten seconds, and the others are counted', () => {
    const { lines, events, clock } = told();
    const log = new RefusalLog(events, clock);
    for (let i = 0; i < 1_000; i += 1) log.tell('login', { ipAddress: '192.0.2.1' });
    log.tell('refresh', { ipAddress: '192.0.2.1' });
    expect(lines).toHaveLength(11);
    clock.milliseconds = 10_000;
    log.tell('login', { ipAddress: '192.0.2.2' });
    expect(lines.at(-1)).toMatchObject({ event: 'rate_limited', reason: 'login', ip_address: '192.0.2.2', count: 991 });
  });
});
