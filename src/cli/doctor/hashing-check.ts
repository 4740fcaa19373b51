import { randomBytes } from 'node:crypto';
import type { Clock } from '../../common/clock';
import type { Config, PasswordConfig } from '../../config/config';
import { hashWith } from '../../identity/passwords/password-algorithms';
import type { Finding } from './finding';

const RUNS = 3;
/** A login that a person does not notice and that a thief of the table does. Milliseconds. */
const GOAL = 250;
const TOO_SLOW = 1_000;
// OWASP's password storage cheat sheet: the least it recommends.
const LEAST = { memory: 19_456, iterations: 2, bcryptCost: 10 };
const MOST = { iterations: 100, bcryptCost: 16 };

/** Times a hash with the configured settings on this machine, and says which would take a quarter of a second. */
export async function hashingFinding({ auth: { password } }: Config, clock: Clock): Promise<Finding> {
  const milliseconds = await medianOf(password, clock);
  const advised = advisedFor(password, milliseconds);
  const advice = Object.entries(advised).map(([name, value]) => `${name}: ${value}`);
  const detail = `${describe(password)} takes ${milliseconds} ms; about ${GOAL} ms would be ${advice.join(', ')}`;
  const facts = { milliseconds, advised };
  const check = 'password_hash';
  if (isWeak(password)) {
    const mend = `That is less than OWASP recommends: set ${advice.join(', ')} under auth.password`;
    return { check, status: 'warn', detail, mend, facts };
  }
  if (milliseconds <= TOO_SLOW) return { check, status: 'ok', detail, facts };
  const mend = `Every login takes that long: set ${advice.join(', ')} under auth.password`;
  return { check, status: 'warn', detail, mend, facts };
}

async function medianOf(password: PasswordConfig, clock: Clock): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const began = clock.monotonic();
    await hashWith(password, randomBytes(12).toString('base64url'), randomBytes(password.argon2id.saltLength));
    times.push(clock.monotonic() - began);
  }
  return Math.round(times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] as number);
}

function describe({ algorithm, argon2id, bcryptCost }: PasswordConfig): string {
  if (algorithm === 'bcrypt') return `bcrypt at cost ${bcryptCost}`;
  const { memory, iterations, parallelism } = argon2id;
  return `argon2id with ${memory} KiB, ${iterations} passes and ${parallelism} lanes`;
}

function isWeak({ algorithm, argon2id, bcryptCost }: PasswordConfig): boolean {
  if (algorithm === 'bcrypt') return bcryptCost < LEAST.bcryptCost;
  return argon2id.memory < LEAST.memory || argon2id.memory * argon2id.iterations < LEAST.memory * LEAST.iterations;
}

/** Time is proportional to memory and passes of argon2id, and doubles with each step of bcrypt. Memory first: it costs a thief most. */
function advisedFor({ algorithm, argon2id, bcryptCost }: PasswordConfig, milliseconds: number): Record<string, number> {
  const factor = GOAL / Math.max(1, milliseconds);
  if (algorithm === 'bcrypt') {
    return { bcrypt_cost: bounded(bcryptCost + Math.round(Math.log2(factor)), LEAST.bcryptCost, MOST.bcryptCost) };
  }
  const memory = Math.max(argon2id.memory, LEAST.memory);
  const passes = (argon2id.iterations * factor * argon2id.memory) / memory;
  return {
    'argon2id.memory': memory,
    'argon2id.iterations': bounded(Math.round(passes), LEAST.iterations, MOST.iterations),
  };
}

function bounded(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
