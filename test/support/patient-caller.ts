import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from './service-client';
import type { Tally } from './tally';

/** Milliseconds between two attempts: from, up to. */
const BETWEEN = [100, 400] as const;
const PATIENCE = 25_000;

/** Calls as any good client would: repeats what was not answered, and counts everything by name. */
export class PatientCaller {
  constructor(private readonly tally: Tally) {}

  /** The success that the call must have in the end. */
  async wanted<Body>(what: string, call: () => Promise<Answer<Body>>): Promise<Answer<Body>> {
    return this.success(what, (await this.untilAnswered(call)).answer);
  }

  /** Counts the answer; throws when it is anything but a success. */
  success<Body>(what: string, answer: Answer<Body> | null): Answer<Body> {
    if (answer?.status === 200) {
      this.tally.count(what);
      return answer;
    }
    const failure = `UNWANTED ${what} ${answer?.code ?? 'without an answer'}`;
    this.tally.count(failure);
    throw new Error(failure);
  }

  /** Repeats what failed to connect or was answered by 503; null when time is up. */
  async untilAnswered<Body>(
    call: () => Promise<Answer<Body>>,
    patience = PATIENCE,
  ): Promise<{ answer: Answer<Body> | null; repeated: boolean }> {
    const deadline = performance.now() + patience;
    for (let repeated = false; performance.now() < deadline; repeated = true) {
      const answer = await call().catch(() => null);
      if (answer !== null && answer.status !== 503) return { answer, repeated };
      this.tally.count(answer === null ? 'connection_failed_and_retried' : 'answered_503_and_retried');
      await pause(randomInt(...BETWEEN));
    }
    return { answer: null, repeated: true };
  }
}
