import { AuthError } from '../auth-error';
import { fetchJson, UnexpectedAnswer } from '../http/bounded-fetch';
import type { CompactJwt } from '../jwt/compact-jwt';
import { readJwk, type JwtAlgorithm, type JwtKey } from '../jwt/jwt-key';
import type { VerifierParts } from '../verifier-recipe';
import type { KeySource } from './key-source';

/** After a failed reading the next one waits so long: with keys in hand, and without. Milliseconds. */
const REFRESH_RETRY_AFTER = 10_000;
const FIRST_RETRY_AFTER = 1_000;
/** Keys that are read at most: an issuer has a few. */
const MOST_KEYS = 100;

export interface RemoteKeySettings {
  readonly jwksUri: string;
  /** Names it in metrics. */
  readonly issuer: string;
  readonly algorithms: readonly JwtAlgorithm[];
  /** Milliseconds, like all below. Keys are read again after this time, in the background. */
  readonly cacheFor: number;
  /** Between two readings because of a key that is not known. */
  readonly unknownKeyInterval: number;
  /** Known keys are used so long while they cannot be read again. */
  readonly maxStaleness: number;
  readonly timeout: number;
}

/**
 * An issuer's published keys, remembered. A key that is not known is looked for at most once per interval, whoever
 * sends it; while the issuer cannot be reached the known keys serve on, for a bounded time.
 */
export class RemoteKeySet implements KeySource {
  private keys: ReadonlyMap<string, JwtKey> = new Map();
  private readAt: number | null = null;
  private failedAt = -Infinity;
  private soughtAt = -Infinity;
  private reading: Promise<void> | null = null;

  constructor(
    private readonly settings: RemoteKeySettings,
    private readonly parts: VerifierParts,
    /** Told when a key is no longer published or has become another: what it has proven is proven no more. */
    private readonly onWithdrawal: () => void,
  ) {}

  /** @throws Error when the keys cannot be read, or when there is none that could be used: the issuer signs with a secret. */
  async start(): Promise<void> {
    await this.read();
    if (this.keys.size === 0) {
      throw new UnexpectedAnswer(
        200,
        `${this.settings.jwksUri} publishes no key for ${this.settings.algorithms.join(', ')}`,
      );
    }
  }

  async keysFor({ header }: CompactJwt): Promise<readonly JwtKey[]> {
    if (this.readAt === null) await this.readOrRefuse();
    else this.refreshWhenDue();
    const known = this.find(header.kid);
    if (known.length > 0) {
      this.requireRecent();
      return known;
    }
    await this.seek();
    // Without any key, nothing can be told about any token.
    if (this.keys.size === 0) throw unavailable();
    return this.find(header.kid);
  }

  /** A token without `kid` is for an issuer with one key. */
  private find(kid: string | null): JwtKey[] {
    if (kid === null) return this.keys.size === 1 ? [...this.keys.values()] : [];
    const key = this.keys.get(kid);
    return key ? [key] : [];
  }

  private refreshWhenDue(): void {
    const now = this.parts.clock.monotonic();
    if (now - (this.readAt ?? 0) < this.settings.cacheFor || now - this.failedAt < REFRESH_RETRY_AFTER) return;
    this.read().catch(() => undefined);
  }

  private requireRecent(): void {
    if (this.parts.clock.monotonic() - (this.readAt ?? 0) > this.settings.maxStaleness) throw unavailable();
  }

  /** Looks for a key that is not known, unless that was done a moment ago. */
  private async seek(): Promise<void> {
    const now = this.parts.clock.monotonic();
    if (!this.reading && now - this.soughtAt < this.settings.unknownKeyInterval) {
      // The last look failed: whether the key is one of the issuer's cannot be told.
      if (this.failedAt >= this.soughtAt) throw unavailable();
      return;
    }
    if (!this.reading) this.soughtAt = now;
    await this.readOrRefuse();
  }

  private async readOrRefuse(): Promise<void> {
    const now = this.parts.clock.monotonic();
    if (this.readAt === null && !this.reading && now - this.failedAt < FIRST_RETRY_AFTER) throw unavailable();
    await this.read().catch((cause: unknown) => {
      throw unavailable(cause);
    });
  }

  private read(): Promise<void> {
    this.reading ??= this.fetch().finally(() => (this.reading = null));
    return this.reading;
  }

  private async fetch(): Promise<void> {
    const { clock, hooks } = this.parts;
    const { jwksUri, timeout, issuer } = this.settings;
    const startedAt = clock.monotonic();
    let ok = false;
    try {
      this.adopt((await fetchJson({ url: jwksUri, timeout }))['keys']);
      this.readAt = startedAt;
      ok = true;
    } catch (error) {
      this.failedAt = clock.monotonic();
      throw error;
    } finally {
      hooks.onJwksFetch?.(ok, clock.monotonic() - startedAt, issuer);
    }
  }

  private adopt(published: unknown): void {
    if (!Array.isArray(published) || published.length > MOST_KEYS) {
      throw new UnexpectedAnswer(200, `${this.settings.jwksUri} answered no key set`);
    }
    const before = this.keys;
    this.keys = keysIn(published, this.settings.algorithms);
    if ([...before].some(([id, { key }]) => !this.keys.get(id)?.key.equals(key))) this.onWithdrawal();
  }
}

/** Two keys under one name are none: which of them is meant cannot be told. */
function keysIn(published: readonly unknown[], algorithms: readonly JwtAlgorithm[]): Map<string, JwtKey> {
  const keys = published.map((jwk) => readJwk(jwk, algorithms)).filter((key) => key !== null);
  const names = keys.map(({ id }) => id);
  return new Map(keys.filter(({ id }) => names.indexOf(id) === names.lastIndexOf(id)).map((key) => [key.id, key]));
}

function unavailable(cause?: unknown): AuthError {
  return new AuthError('unavailable', 'Tokens cannot be checked right now', { retryAfter: 1, detail: 'jwks', cause });
}
