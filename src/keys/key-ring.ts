import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { JwtKey } from '@latchkey/nest';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import type { SigningKey } from './jwt-signature';
import { KeyCabinet } from './key-cabinet';
import { stateOf, verifies, type KeyLife } from './key-life';
import { keyPairsOfSecret, type KeyPair } from './key-material';
import { isSymmetric, signingKey, type KeyPolicy } from './key-schedule';

interface RingKey extends KeyPair {
  readonly life: KeyLife;
}

export type TokenUse = 'access' | 'refresh';

/** A ring that was not loaded for so long cannot tell which keys there are: three polls. Milliseconds. */
const FRESH_FOR = 3_000;
/** An unknown `kid` makes the ring look again, at most so often. Milliseconds. */
const LOOK_AGAIN_AFTER = 1_000;

/** The keys that sign and verify JWTs, in memory: what the fleet keeps in the database, and the configured secrets. */
@Injectable()
export class KeyRing implements OnModuleInit {
  /** Grows whenever a key stops to verify, so that what was proven with it can be forgotten. */
  version = 0;
  readonly policy: KeyPolicy;

  private readonly configured: ReadonlyMap<string, KeyPair>;
  private keys: readonly RingKey[] = [];
  private retired: ReadonlySet<string> = new Set();
  private unreadable: ReadonlySet<string> = new Set();
  private verifying: ReadonlySet<string> = new Set();
  private loading: Promise<void> | null = null;
  private loadedAt: number | null = null;
  private lookedAt = -Infinity;

  constructor(
    @Inject(CONFIG) { auth: { jwt } }: Config,
    private readonly cabinet: KeyCabinet,
    private readonly clock: Clock,
  ) {
    const secrets = [...(jwt.secret ? [jwt.secret] : []), ...jwt.previousSecrets];
    this.configured = new Map(secrets.flatMap(keyPairsOfSecret).map((pair) => [pair.verifying.id, pair]));
    const signs = jwt.secret && isSymmetric(jwt.algorithm) ? keyPairsOfSecret(jwt.secret) : [];
    const configuredId = signs.find(({ verifying }) => verifying.algorithm === jwt.algorithm)?.verifying.id ?? null;
    const { rotateEvery, publishAhead } = jwt.keys;
    this.policy = { algorithm: jwt.algorithm, configuredId, rotateEvery, publishAhead };
  }

  async onModuleInit(): Promise<void> {
    await this.load();
    if (this.unreadable.size === 0) return;
    throw new Error(
      `Signing key ${[...this.unreadable].join(', ')} was sealed with another root secret. ` +
        'Give that secret in auth.secret or auth.previous_secrets.',
    );
  }

  /** The key that signs at this moment. */
  get signing(): SigningKey {
    const key = signingKey(this.keys, this.clock.now(), this.policy);
    if (!key) throw new Error('There is no signing key');
    return key.signing;
  }

  /** What is in the ring, for the schedule; retired keys are not. */
  get lives(): readonly KeyLife[] {
    return this.keys.map((key) => key.life);
  }

  /** The key of this name, if a token of this use may be signed by it now. No I/O. */
  find(id: string, use: TokenUse): JwtKey | null {
    if (this.retired.has(id)) return null;
    const configured = this.configured.get(id);
    if (configured) return configured.verifying;
    const key = this.keys.find(({ life }) => life.id === id);
    return key && verifies(stateOf(key.life, this.clock.now()), use) ? key.verifying : null;
  }

  /** Public keys that readers must know: those that will sign, do, or did while their access tokens live. */
  published(): readonly JwtKey[] {
    const now = this.clock.now();
    return this.keys
      .filter(({ life }) => !isSymmetric(life.algorithm) && verifies(stateOf(life, now), 'access'))
      .map((key) => key.verifying);
  }

  /** Looks for a key that another process made a moment ago; whoever sends made-up names cannot make it look often. */
  async lookAgain(): Promise<void> {
    const now = this.clock.monotonic();
    if (this.loading) return this.load().catch(() => undefined);
    if (now - this.lookedAt < LOOK_AGAIN_AFTER) return;
    this.lookedAt = now;
    await this.load().catch(() => undefined);
  }

  /** False when a key of this name may exist without our knowing it. */
  canTell(id: string): boolean {
    const fresh = this.loadedAt !== null && this.clock.monotonic() - this.loadedAt <= FRESH_FOR;
    return fresh && !this.unreadable.has(id);
  }

  /** Reads what the fleet keeps. Calls while it reads wait for the same answer. */
  load(): Promise<void> {
    this.loading ??= this.readAll().finally(() => (this.loading = null));
    return this.loading;
  }

  /** Notices keys whose time is over, also while the database cannot be asked. */
  noticeEnds(): void {
    const now = this.clock.now();
    const verifying = new Set([...this.configured.keys()].filter((id) => !this.retired.has(id)));
    for (const { life } of this.keys) if (verifies(stateOf(life, now), 'access')) verifying.add(life.id);
    if ([...this.verifying].some((id) => !verifying.has(id))) this.version += 1;
    this.verifying = verifying;
  }

  private async readAll(): Promise<void> {
    const startedAt = this.clock.monotonic();
    const lives = await this.cabinet.lives();
    const live = lives.filter((life) => life.retiredAt === null);
    const known = new Map(this.keys.map((key) => [key.life.id, key]));
    const opened = await this.cabinet.open(live.filter(({ id }) => !known.has(id)));
    const pairs = live.map((life) => ({ life, pair: known.get(life.id) ?? opened.get(life.id) }));
    this.keys = pairs.flatMap(({ life, pair }) => (pair ? [{ ...pair, life }] : []));
    this.unreadable = new Set(pairs.filter(({ pair }) => !pair).map(({ life }) => life.id));
    this.retired = new Set(lives.filter((life) => life.retiredAt !== null).map((life) => life.id));
    this.loadedAt = startedAt;
    this.noticeEnds();
  }
}
