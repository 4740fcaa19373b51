import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { AuthError } from '@latchkey/nest';
import type { HashingLane } from '../../protection/hashing-lane';
import { STRENGTH_PROGRAM, type Strength, type StrengthLibraries, type StrengthQuestion } from './strength-worker';

/** The time that judging takes grows with the length, and nobody guesses what lies behind a hundred characters. */
const JUDGED_CHARACTERS = 100;
const ANSWER_WITHIN_MS = 10_000;
/** For the first answer, which waits for the dictionaries too. */
const FIRST_ANSWER_WITHIN_MS = 30_000;
const IDLE_MS = 60_000;
const MOST_HEAP_MB = 256;

/**
 * Judges how hard a new password is to guess, in a thread of its own that starts with the first new password and ends
 * when none has come for a while: its dictionaries are large, and judging would hold up every request.
 */
export class PasswordStrength {
  private worker: Worker | null = null;
  private idle?: NodeJS.Timeout;

  /** `lane` admits one at a time and bounds the queue. */
  constructor(
    private readonly lane: HashingLane,
    private readonly idleMs = IDLE_MS,
  ) {}

  /** True while the dictionaries are in memory. */
  get loaded(): boolean {
    return this.worker !== null;
  }

  /** Throws `overloaded`, and `unavailable` when there is no answer in time. */
  async judge(question: StrengthQuestion): Promise<Strength> {
    const password = [...question.password].slice(0, JUDGED_CHARACTERS).join('');
    return (await this.lane.run(() => this.ask({ ...question, password }))).value;
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.idle);
    await this.end();
  }

  private async ask(question: StrengthQuestion): Promise<Strength> {
    clearTimeout(this.idle);
    const limit = this.loaded ? ANSWER_WITHIN_MS : FIRST_ANSWER_WITHIN_MS;
    const worker = (this.worker ??= this.start());
    try {
      worker.ref();
      worker.postMessage(question);
      const [answer] = (await once(worker, 'message', { signal: AbortSignal.timeout(limit) })) as [Strength];
      return answer;
    } catch (cause) {
      await this.end();
      throw new AuthError('unavailable', 'The password cannot be judged at the moment', { cause, retryAfter: 1 });
    } finally {
      worker.unref();
      this.idle = setTimeout(() => void this.end(), this.idleMs).unref();
    }
  }

  private start(): Worker {
    const workerData: StrengthLibraries = {
      core: require.resolve('@zxcvbn-ts/core'),
      common: require.resolve('@zxcvbn-ts/language-common'),
      en: require.resolve('@zxcvbn-ts/language-en'),
      pt: require.resolve('@zxcvbn-ts/language-pt-br'),
    };
    const resourceLimits = { maxOldGenerationSizeMb: MOST_HEAP_MB };
    const worker = new Worker(STRENGTH_PROGRAM, { eval: true, workerData, resourceLimits, env: {}, execArgv: [] });
    const forget = (): void => {
      if (this.worker === worker) this.worker = null;
    };
    return worker.on('error', forget).on('exit', forget);
  }

  private async end(): Promise<void> {
    const worker = this.worker;
    this.worker = null;
    await worker?.terminate();
  }
}
