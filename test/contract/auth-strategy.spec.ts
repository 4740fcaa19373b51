import { PROFILES } from '../support/profiles';
import { authStrategyContract } from './auth-strategy.contract';

for (const { name, settings } of PROFILES) {
  for (const mode of ['stateful', 'stateless'] as const) {
    authStrategyContract(`the ${mode} strategy in the profile ${name}`, mode, settings);
  }
}
