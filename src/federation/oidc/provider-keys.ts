import { Injectable } from '@nestjs/common';
import { AuthError, readJwk, type CompactJwt, type JwtKey } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import { asFailure } from './code-redemption';
import type { ConnectedProvider } from './connected-provider';
import { ProviderUnreachable } from '../provider-fetch';

interface KeySet {
  readonly keys: readonly unknown[];
  /** Milliseconds. */
  readonly readAt: number;
}

/** Milliseconds. Keys are read again after this time. */
const LIFE = 60 * 60_000;
/** Known keys serve so long while they cannot be read again. */
const LONGEST_LIFE = 24 * LIFE;
/** Between two readings, because of a key that is not known or a provider that does not answer. */
const COOLDOWN = 30_000;

/** Keys of providers, for what they sign beside ID tokens. */
@Injectable()
export class ProviderKeys {
  private readonly sets = new Map<string, KeySet>();
  private readonly askedAt = new Map<string, number>();
  private readonly readings = new Map<string, Promise<KeySet>>();

  constructor(private readonly clock: Clock) {}

  /** Null when the provider has no such key, or the algorithm is not one of its. @throws AuthError `unavailable` */
  async find(connected: ConnectedProvider, { header }: CompactJwt): Promise<JwtKey | null> {
    const { name, settings } = connected.provider;
    const algorithm = settings.algorithms.find((allowed) => allowed === header.alg);
    if (!algorithm) return null;
    const match = ({ keys }: KeySet): JwtKey | null => {
      const fitting = keys.map((key) => readJwk(key, [algorithm])).filter((key) => key !== null);
      const named = fitting.filter(({ id }) => header.kid === null || id === header.kid);
      return named.length === 1 ? (named[0] ?? null) : null;
    };
    const known = this.sets.get(name);
    const found = known && this.age(known.readAt) < LONGEST_LIFE ? match(known) : null;
    if (known && found && this.age(known.readAt) < LIFE) return found;
    const askedAt = this.askedAt.get(name) ?? -Infinity;
    if (known && this.age(askedAt) < COOLDOWN && (found || !this.readings.has(name))) {
      if (found || askedAt <= known.readAt) return found;
      // The last look failed: whether the key is one of the provider's cannot be told.
      throw new AuthError('unavailable', 'The provider cannot be reached', { retryAfter: 5 });
    }
    try {
      return match(await this.read(connected));
    } catch (error) {
      if (found) return found;
      throw error;
    }
  }

  /** A clock that was set back makes nothing last longer. */
  private age(moment: number): number {
    return Math.abs(this.clock.now() - moment);
  }

  /** Many who need it at once read it once. */
  private read(connected: ConnectedProvider): Promise<KeySet> {
    const { name } = connected.provider;
    const under = this.readings.get(name);
    if (under) return under;
    this.askedAt.set(name, this.clock.now());
    const reading = this.fetched(connected).finally(() => this.readings.delete(name));
    this.readings.set(name, reading);
    return reading;
  }

  private async fetched({ provider, configuration, fetch }: ConnectedProvider): Promise<KeySet> {
    const { jwks_uri: url } = configuration.serverMetadata();
    if (url === undefined) return { keys: [], readAt: 0 };
    try {
      const signal = AbortSignal.timeout((configuration.timeout ?? 5) * 1_000);
      const headers = { accept: 'application/json' };
      const response = await fetch(url, { method: 'GET', headers, body: undefined, redirect: 'manual', signal });
      const { keys } = Object(response.status === 200 && (await response.json())) as { keys?: unknown };
      if (!Array.isArray(keys)) throw new ProviderUnreachable(`${url} holds no keys`);
      const set = { keys, readAt: this.clock.now() };
      this.sets.set(provider.name, set);
      return set;
    } catch (error) {
      throw asFailure(error instanceof SyntaxError ? new ProviderUnreachable(`${url} holds no keys`) : error);
    }
  }
}
