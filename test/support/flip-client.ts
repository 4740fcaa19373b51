import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { HeldLogin, type DeviceParts, type Fleet } from './held-login';
import { PatientCaller } from './patient-caller';
import type { Person, ServiceClient } from './service-client';
import type { Tally } from './tally';

/** Milliseconds between two calls of one client: from, up to. */
const THINKING = [100, 400] as const;

/** A person with devices. Retries what could not be answered, and holds the service to everything else. */
export class FlipClient {
  private readonly parts: DeviceParts;
  private readonly live: HeldLogin[] = [];
  private readonly ended: HeldLogin[] = [];
  /** Known since the first login. */
  userId?: string;

  constructor(
    http: ServiceClient,
    private readonly person: Person,
    tally: Tally,
    fleet: Fleet,
  ) {
    this.parts = { http, caller: new PatientCaller(tally), tally, fleet };
  }

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
    const { caller, http, tally } = this.parts;
    for (const login of this.live) {
      await login.visit();
      await login.refresh();
      await login.visit();
      tally.count('logins_alive_at_the_end');
    }
    for (const { grant } of this.ended) {
      const { answer: access } = await caller.untilAnswered(() => http.me(grant.access_token));
      const { answer: refresh } = await caller.untilAnswered(() => http.refresh(grant.refresh_token));
      const isRefused = access?.status === 401 && refresh?.status === 401;
      tally.count(isRefused ? 'ended_logins_refused_at_the_end' : 'ENDED_LOGIN_SERVED');
    }
  }

  private async act(login: HeldLogin): Promise<void> {
    await pause(randomInt(...THINKING));
    const choice = randomInt(10);
    if (choice < 4) return login.visit();
    if (choice < 8) await login.refresh();
    if (choice >= 6) await login.replay();
  }

  private async signIn(): Promise<HeldLogin> {
    const { caller, http, tally } = this.parts;
    const { body: grant } = await caller.wanted('login', () => http.login(this.person));
    this.userId ??= grant.user.id;
    if (grant.user.id !== this.userId) tally.count('CHANGED user');
    const login = new HeldLogin(this.parts, grant);
    this.live.push(login);
    return login;
  }

  private async signOut(login: HeldLogin): Promise<void> {
    this.live.splice(this.live.indexOf(login), 1);
    await login.signOut();
    this.ended.push(login);
  }
}
