import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  deadlineOf,
  identityOf,
  kindOf,
  sessionIdOf,
  type Answer,
  type Grant,
  type GrantKind,
  type Person,
  type ServiceClient,
} from './service-client';
import type { Tally } from './tally';

/** A refresh token that was consumed, and what it yielded. */
interface Consumed {
  readonly refreshToken: string;
  readonly kind: GrantKind;
  /** When it was first presented: it was decided then or later. */
  readonly at: number;
  readonly era: number;
}

/** One login of a client: a device that stays signed in. */
interface Login {
  readonly sessionId: string;
  readonly deadline: number;
  grant: Grant;
  parent?: Consumed;
}

/** Counts how often the service was restarted in another mode. */
export interface Fleet {
  era: number;
}

/** Inside the reuse window of 30 s, so is the answer to the last attempt. Milliseconds. */
const REPLAYED_WITHIN = 15_000;
/** A JWT carries its deadline in whole seconds. Milliseconds. */
const WHOLE_SECOND = 1_000;
/** Milliseconds between two calls of one client: from, up to. */
const THINKING = [100, 400] as const;
const PATIENCE = 25_000;

const isStateful = (kind: GrantKind): boolean => kind === 'session';

/** A person with devices. Retries what could not be answered, and holds the service to everything else. */
export class FlipClient {
  private readonly live: Login[] = [];
  private readonly ended: Login[] = [];
  /** Known since the first login. */
  userId?: string;

  constructor(
    private readonly http: ServiceClient,
    private readonly person: Person,
    private readonly tally: Tally,
    private readonly fleet: Fleet,
  ) {}

  /** Signs one device in that stays, and another one in and out, until told to stop. */
  async run(isOver: () => boolean): Promise<void> {
    const kept = await this.signIn();
    while (!isOver()) {
      const passing = await this.signIn();
      for (let step = randomInt(4, 9); step > 0 && !isOver(); step--)
        await this.act(randomInt(2) === 0 ? kept : passing);
      if (randomInt(4) > 0) await this.signOut(passing);
    }
  }

  /** Every login that was not ended works and can be refreshed; every other one is refused. */
  async settle(): Promise<void> {
    for (const login of this.live) {
      await this.visit(login);
      await this.refresh(login);
      await this.visit(login);
      this.tally.count('logins_alive_at_the_end');
    }
    for (const { grant } of this.ended) {
      const { answer: access } = await this.untilAnswered(() => this.http.me(grant.access_token));
      const { answer: refresh } = await this.untilAnswered(() => this.http.refresh(grant.refresh_token));
      const isRefused = access?.status === 401 && refresh?.status === 401;
      this.tally.count(isRefused ? 'ended_logins_refused_at_the_end' : 'ENDED_LOGIN_SERVED');
    }
  }

  private async act(login: Login): Promise<void> {
    await pause(randomInt(...THINKING));
    const choice = randomInt(10);
    if (choice < 4) return this.visit(login);
    if (choice < 8) await this.refresh(login);
    if (choice >= 6) await this.replay(login);
  }

  private async signIn(): Promise<Login> {
    const { body: grant } = await this.wanted('login', () => this.http.login(this.person));
    const login: Login = { sessionId: sessionIdOf(grant), deadline: deadlineOf(grant), grant };
    this.userId ??= grant.user.id;
    this.verify('user', grant.user.id === this.userId);
    this.live.push(login);
    return login;
  }

  private async visit(login: Login): Promise<void> {
    const { body } = await this.wanted('me', () => this.http.me(login.grant.access_token));
    this.verify('user', body.user.id === this.userId);
    this.verify('session_id', body.session_id === login.sessionId);
  }

  private async refresh(login: Login): Promise<void> {
    const from = login.grant;
    const at = performance.now();
    const { body: grant } = await this.wanted('refresh', () => this.http.refresh(from.refresh_token));
    login.parent = { refreshToken: from.refresh_token, kind: kindOf(from), at, era: this.fleet.era };
    login.grant = grant;
    this.verify('user', grant.user.id === this.userId);
    this.verify('session_id', sessionIdOf(grant) === login.sessionId);
    this.verify('deadline', Math.abs(deadlineOf(grant) - login.deadline) < WHOLE_SECOND);
    this.countCrossing('refreshes', kindOf(from), kindOf(grant));
  }

  /** Presents the last consumed token once more: whatever the mode is now, the answer is what it was. */
  private async replay({ parent, grant }: Login): Promise<void> {
    if (!parent) return;
    const timeLeft = parent.at + REPLAYED_WITHIN - performance.now();
    const { answer } = await this.untilAnswered(() => this.http.refresh(parent.refreshToken), timeLeft);
    if (answer === null) return;
    const { body: again } = this.success('replay', answer);
    this.verify('successor', identityOf(again) === identityOf(grant));
    this.countCrossing('replays', parent.kind, kindOf(again));
    if (parent.era !== this.fleet.era) this.tally.count('replays_after_a_flip');
  }

  private async signOut(login: Login): Promise<void> {
    this.live.splice(this.live.indexOf(login), 1);
    const { answer, repeated } = await this.untilAnswered(() => this.http.logout(login.grant.access_token));
    // When the answer to the first attempt was lost, the logout was not.
    if (repeated && answer?.status === 401) this.tally.count('logout');
    else this.success('logout', answer);
    this.ended.push(login);
  }

  private countCrossing(what: string, from: GrantKind, to: GrantKind): void {
    if (isStateful(from) === isStateful(to)) return;
    this.tally.count(isStateful(to) ? `${what}_to_stateful` : `${what}_to_stateless`);
  }

  private verify(what: string, holds: boolean): void {
    if (!holds) this.tally.count(`CHANGED ${what}`);
  }

  private async wanted<Body>(what: string, call: () => Promise<Answer<Body>>): Promise<Answer<Body>> {
    return this.success(what, (await this.untilAnswered(call)).answer);
  }

  /** Counts the answer; anything but a success ends this client. */
  private success<Body>(what: string, answer: Answer<Body> | null): Answer<Body> {
    if (answer?.status === 200) {
      this.tally.count(what);
      return answer;
    }
    const failure = `UNWANTED ${what} ${answer?.code ?? 'without an answer'}`;
    this.tally.count(failure);
    throw new Error(failure);
  }

  /** Repeats what failed to connect or was answered by 503, as any client would; null when time is up. */
  private async untilAnswered<Body>(
    call: () => Promise<Answer<Body>>,
    patience = PATIENCE,
  ): Promise<{ answer: Answer<Body> | null; repeated: boolean }> {
    const deadline = performance.now() + patience;
    for (let repeated = false; performance.now() < deadline; repeated = true) {
      const answer = await call().catch(() => null);
      if (answer !== null && answer.status !== 503) return { answer, repeated };
      this.tally.count(answer === null ? 'connection_failed_and_retried' : 'answered_503_and_retried');
      await pause(randomInt(...THINKING));
    }
    return { answer: null, repeated: true };
  }
}
