import path from 'node:path';
import type { Provider } from '@nestjs/common';
import { Clock } from '../../common/clock';
import { EventLog } from '../../common/event-log';
import type { Config, PasswordConfig } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { HashingLane } from '../../protection/hashing-lane';
import { BreachedFile } from './breached-file';
import { BreachedList } from './breached-list';
import type { BreachedPasswords } from './breached-passwords';
import { BreachedRange } from './breached-range';
import { PasswordPolicy } from './password-policy';
import { PasswordStrength } from './password-strength';

const QUEUE_LIMIT = 50;
const LONGEST_WAIT_MS = 5_000;

/** What a new password is judged by. A damaged list of breached passwords stops the start. */
export const passwordPolicyProviders: Provider[] = [
  {
    provide: PasswordStrength,
    inject: [Clock],
    useFactory: (clock: Clock) =>
      new PasswordStrength(
        new HashingLane({ maxConcurrent: 1, queueLimit: QUEUE_LIMIT, maxWaitMs: LONGEST_WAIT_MS }, clock),
      ),
  },
  {
    provide: BreachedList,
    inject: [CONFIG],
    useFactory: async ({ auth }: Config) => new BreachedList(await openList(auth.password.breached)),
  },
  {
    provide: PasswordPolicy,
    inject: [CONFIG, PasswordStrength, BreachedList, EventLog],
    useFactory: ({ auth, server }: Config, strength: PasswordStrength, { list }: BreachedList, events: EventLog) => {
      const { minLength, minStrength } = auth.password;
      const serviceWords = ['latchkey', new URL(server.publicUrl).hostname];
      return new PasswordPolicy({ minLength, minStrength, serviceWords }, strength, list, events);
    },
  },
];

async function openList({ mode, file, ...range }: PasswordConfig['breached']): Promise<BreachedPasswords | null> {
  if (mode === 'off') return null;
  return mode === 'range' ? new BreachedRange(range) : BreachedFile.open(path.resolve(file));
}
