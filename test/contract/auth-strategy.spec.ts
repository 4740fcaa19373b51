import { PROFILES } from '../support/profiles';
import { startRedis, type RedisServer } from '../support/redis-server';
import { authStrategyContract } from './auth-strategy.contract';

for (const { name, settings } of PROFILES) {
  for (const mode of ['stateful', 'stateless'] as const) {
    authStrategyContract(`the ${mode} strategy in the profile ${name}`, mode, settings);
  }
}

describe('with sessions read through Redis', () => {
  const settings: Record<string, string> = { 'auth.mode': 'stateful', 'auth.session.store': 'redis' };
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedis();
    settings['redis.url'] = redis.url;
  });

  afterAll(() => redis.stop());

  for (const mode of ['stateful', 'stateless'] as const) {
    authStrategyContract(`the ${mode} strategy in the profile stateful`, mode, settings);
  }
});
