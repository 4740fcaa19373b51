import type { PatientCaller } from './patient-caller';
import {
  deadlineOf,
  identityOf,
  kindOf,
  sessionIdOf,
  type Grant,
  type GrantKind,
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

/** Counts how often the service was restarted in another mode. */
export interface Fleet {
  era: number;
}

/** What a device has at hand. */
export interface DeviceParts {
  readonly http: ServiceClient;
  readonly caller: PatientCaller;
  readonly tally: Tally;
  readonly fleet: Fleet;
}

/** Inside the reuse window of 30 s, so is the answer to the last attempt. Milliseconds. */
const REPLAYED_WITHIN = 15_000;
/** A JWT carries its deadline in whole seconds. Milliseconds. */
const WHOLE_SECOND = 1_000;

const isStateful = (kind: GrantKind): boolean => kind === 'session';

/** One login of a device that stays signed in. Whatever mode answers, who it is and how long it lasts must not change. */
export class HeldLogin {
  private readonly userId: string;
  private readonly sessionId: string;
  private readonly deadline: number;
  private parent?: Consumed;

  constructor(
    private readonly parts: DeviceParts,
    private current: Grant,
  ) {
    this.userId = current.user.id;
    this.sessionId = sessionIdOf(current);
    this.deadline = deadlineOf(current);
  }

  get grant(): Grant {
    return this.current;
  }

  async visit(): Promise<void> {
    const { caller, http } = this.parts;
    const { body } = await caller.wanted('me', () => http.me(this.current.access_token));
    this.verify('user', body.user.id === this.userId);
    this.verify('session_id', body.session_id === this.sessionId);
  }

  async refresh(): Promise<void> {
    const { caller, http, fleet } = this.parts;
    const from = this.current;
    const at = performance.now();
    const { body: grant } = await caller.wanted('refresh', () => http.refresh(from.refresh_token));
    this.parent = { refreshToken: from.refresh_token, kind: kindOf(from), at, era: fleet.era };
    this.current = grant;
    this.verify('user', grant.user.id === this.userId);
    this.verify('session_id', sessionIdOf(grant) === this.sessionId);
    this.verify('deadline', Math.abs(deadlineOf(grant) - this.deadline) < WHOLE_SECOND);
    this.countCrossing('refreshes', kindOf(from), kindOf(grant));
  }

  /** Presents the last consumed token once more: whatever the mode is now, the answer is what it was. */
  async replay(): Promise<void> {
    const { caller, http, tally, fleet } = this.parts;
    const { parent, current } = this;
    if (!parent) return;
    const timeLeft = parent.at + REPLAYED_WITHIN - performance.now();
    const { answer } = await caller.untilAnswered(() => http.refresh(parent.refreshToken), timeLeft);
    if (answer === null) return;
    const { body: again } = caller.success('replay', answer);
    this.verify('successor', identityOf(again) === identityOf(current));
    this.countCrossing('replays', parent.kind, kindOf(again));
    if (parent.era !== fleet.era) tally.count('replays_after_a_flip');
  }

  async signOut(): Promise<void> {
    const { caller, http, tally } = this.parts;
    const { answer, repeated } = await caller.untilAnswered(() => http.logout(this.current.access_token));
    // When the answer to the first attempt was lost, the logout was not.
    if (repeated && answer?.status === 401) tally.count('logout');
    else caller.success('logout', answer);
  }

  private countCrossing(what: string, from: GrantKind, to: GrantKind): void {
    if (isStateful(from) === isStateful(to)) return;
    this.parts.tally.count(isStateful(to) ? `${what}_to_stateful` : `${what}_to_stateless`);
  }

  private verify(what: string, holds: boolean): void {
    if (!holds) this.parts.tally.count(`CHANGED ${what}`);
  }
}
