import { Clock } from '../common/clock';
import { RevocationBudget } from './revocation-budget';

class StoppedClock extends Clock {
  at = 0;

  override monotonic(): number {
    return this.at;
  }
}

describe('the budget for revocations', () => {
  const clock = new StoppedClock();
  const budget = new RevocationBudget(clock);
  const spend = (times: number, user = 'one') => {
    for (let i = 0; i < times; i += 1) budget.spend(user);
  };

  it('lets a user revoke as people do, and stops a loop', () => {
    spend(300);
    expect(() => spend(1)).toThrow(expect.objectContaining({ code: 'rate_limited', retryAfter: 60 }) as Error);
  });

  it('is each user\u2019s own', () => {
    expect(() => spend(1, 'another')).not.toThrow();
  });

  it('is there again a minute later', () => {
    clock.at = 60_000;
    expect(() => spend(1)).not.toThrow();
  });
});
