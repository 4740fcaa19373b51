import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { HeldLogin, type DeviceParts } from './held-login';
import { openStream } from './live-stream';
import type { Answer, Person, ServiceClient } from './service-client';
import { connectWs, type Refused } from './socket-client';
import { until } from './until';

/** `request` sends nothing but requests; the others also hold a connection open. */
export type DeviceKind = 'request' | 'websocket' | 'event_stream';

/** Milliseconds between two steps of one device: from, up to. */
const THINKING = [1_000, 3_000] as const;
const PROVEN_WITHIN = 10_000;
const REFUSED_WITHIN = 20_000;

/** A connection of either kind. */
interface Line {
  readonly isOpen: boolean;
  /** Resolves with the code it ended with; empty when nobody said why. */
  readonly ended: Promise<string>;
  /** When the token that it was opened with, or that was last presented over it, expires. */
  expiresAt: number;
  /** Resolves when it has shown that it works. */
  prove(): Promise<unknown>;
  /** Presents a new token over it, where it can take one. */
  renew?(accessToken: string): Promise<unknown>;
  close(): void;
}

/** One signed-in device among many. It signs in once, and whatever happens to the processes must not make it do so again. */
export class FleetDevice {
  private login!: HeldLogin;
  private refreshedAt = 0;
  private line?: Line;

  constructor(
    private readonly parts: DeviceParts,
    private readonly person: Person,
    private readonly kind: DeviceKind,
    /** Milliseconds between two refreshes. */
    private readonly refreshEvery: number,
  ) {}

  async signIn(): Promise<void> {
    const { caller, http } = this.parts;
    const { body: grant } = await caller.wanted('sign_ins', () => http.login(this.person));
    this.login = new HeldLogin(this.parts, grant);
    this.refreshedAt = performance.now();
  }

  /** Goes on until told to stop. */
  async stay(isOver: () => boolean): Promise<void> {
    await pause(randomInt(THINKING[1]));
    while (!isOver()) {
      if (performance.now() - this.refreshedAt > this.refreshEvery) await this.refresh();
      await this.act();
      await pause(randomInt(...THINKING));
    }
  }

  /** Signs out; milliseconds until each of these processes refused its token. */
  async leave(processes: readonly ServiceClient[]): Promise<number[]> {
    await this.refresh();
    if (this.line?.isOpen) await this.prove(this.line);
    const { line } = this;
    const held = line?.isOpen === true;
    await this.login.signOut();
    const answered = performance.now();
    const refusals = processes.map(async (http) => {
      await until('refused', () => this.isRevokedAt(http), { within: REFUSED_WITHIN, every: 20 });
      return performance.now() - answered;
    });
    if (line && held) this.countEnding('closed_by_sign_out', await line.ended, 'token_revoked');
    return Promise.all(refusals);
  }

  /** The last look of one that stayed: its login works at each of these processes. */
  async settle(processes: readonly ServiceClient[]): Promise<void> {
    const { caller, tally } = this.parts;
    await this.login.refresh();
    for (const http of processes) {
      await caller.wanted('me', () => http.me(this.login.grant.access_token));
      tally.count('stayed_and_accepted_at_the_end');
    }
  }

  /** The last look of one that left: neither of its tokens is taken by any of these processes. */
  async settleGone(processes: readonly ServiceClient[]): Promise<void> {
    const { caller, tally } = this.parts;
    const { grant } = this.login;
    for (const http of processes) {
      const { answer: access } = await caller.untilAnswered(() => http.me(grant.access_token));
      const { answer: refresh } = await caller.untilAnswered(() => http.refresh(grant.refresh_token));
      const isRefused = access?.status === 401 && refresh?.status === 401;
      tally.count(isRefused ? 'left_and_refused_at_the_end' : 'ENDED_LOGIN_SERVED');
    }
  }

  close(): void {
    this.line?.close();
  }

  private async act(): Promise<void> {
    const choice = randomInt(10);
    if (this.kind === 'request' || choice < 2) await this.login.visit();
    else await this.useLine();
    if (choice === 9) await this.login.replay();
  }

  private async refresh(): Promise<void> {
    await this.login.refresh();
    this.refreshedAt = performance.now();
    const { line } = this;
    if (!line?.isOpen || !line.renew) return;
    await Promise.race([line.renew(this.login.grant.access_token), line.ended]);
    if (line.isOpen) line.expiresAt = expiryOf(this.login);
  }

  private async useLine(): Promise<void> {
    if (!this.line) this.line = await this.open();
    else if (!this.line.isOpen) {
      this.countLoss(await this.line.ended, this.line);
      this.line = await this.open();
    }
    await this.prove(this.line);
  }

  private async prove(line: Line): Promise<void> {
    const outcome = await Promise.race([
      line.prove().then(
        () => 'used',
        () => 'SILENT',
      ),
      line.ended.then(() => null),
    ]);
    if (outcome) this.parts.tally.count(`${this.kind}_${outcome}`);
    if (outcome === 'SILENT') this.parts.tally.count('SILENT connection');
  }

  /** A process that ended says nothing; a token that was not renewed has expired. Nothing else may end a connection. */
  private countLoss(code: string, { expiresAt }: Line): void {
    const { tally } = this.parts;
    if (code === 'token_expired' && Date.now() >= expiresAt - 1_000) tally.count('connections_expired_and_reopened');
    else if (code === '') tally.count('connections_lost_and_reopened');
    else tally.count(`ENDED ${this.kind} ${code}`);
  }

  private countEnding(what: string, code: string, expected: string): void {
    if (code === expected) this.parts.tally.count(what);
    // The process ended at the same moment.
    else if (code === '') this.parts.tally.count('connections_lost_while_signing_out');
    else this.parts.tally.count(`ENDED ${this.kind} ${code}`);
  }

  private async isRevokedAt(http: ServiceClient): Promise<boolean> {
    const answer = await http.me(this.login.grant.access_token).catch(() => null);
    if (answer?.status === 401 && answer.code !== 'token_revoked') this.parts.tally.count(`REFUSED ${answer.code}`);
    return answer?.status === 401;
  }

  private async open(): Promise<Line> {
    const { caller } = this.parts;
    const { access_token } = this.login.grant;
    const opening =
      this.kind === 'websocket' ? () => this.openSocket(access_token) : () => this.openStream(access_token);
    const { body: line } = await caller.wanted(`${this.kind}s_opened`, () => opening().then(answered, refused));
    return line;
  }

  private async openSocket(token: string): Promise<Line> {
    const socket = await connectWs(this.parts.http.url, 'lounge', { token });
    return {
      get isOpen() {
        return socket.isOpen;
      },
      ended: socket.ended.then(({ code }) => code),
      expiresAt: expiryOf(this.login),
      prove: async () => expectEvent('say', (await socket.ask('say', 'here')).event),
      renew: async (accessToken) => {
        const { event } = await socket.ask('auth.refresh', { access_token: accessToken }, 'auth.refreshed');
        expectEvent('auth.refreshed', event);
        this.parts.tally.count('websockets_renewed');
      },
      close: () => socket.close(),
    };
  }

  private async openStream(token: string): Promise<Line> {
    const stream = await openStream(`${this.parts.http.url}/lounge/hours`, token);
    return {
      get isOpen() {
        return stream.isOpen;
      },
      ended: stream.ended.then(() => {
        const last = stream.events.at(-1);
        return last?.type === 'revoked' ? (JSON.parse(last.data) as { code: string }).code : '';
      }),
      expiresAt: expiryOf(this.login),
      prove: () => {
        const before = stream.events.length;
        return until('events go on', () => stream.events.length > before || !stream.isOpen, {
          within: PROVEN_WITHIN,
          every: 100,
        });
      },
      close: () => stream.close(),
    };
  }
}

function expectEvent(wanted: string, actual: string): void {
  if (actual !== wanted) throw new Error(`Expected ${wanted}, got ${actual}`);
}

/** Milliseconds since the epoch. */
function expiryOf({ grant }: HeldLogin): number {
  return Date.parse(grant.expires_at);
}

const answered = (line: Line): Answer<Line> => ({ status: 200, body: line });

/** A refusal is an answer; a connection that failed is none. */
function refused(error: unknown): Answer<Line> {
  const { status, code } = error as Partial<Refused>;
  if (typeof status !== 'number') throw error;
  return { status, code, body: undefined as never };
}
