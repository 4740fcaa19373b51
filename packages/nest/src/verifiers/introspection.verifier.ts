import { AccessTokenVerifier } from '../access-token-verifier';
import type { AuthContext } from '../auth-context';
import { AuthError } from '../auth-error';
import { BoundedLane } from '../bounded-lane';
import { mappedFacts, type FactsReader } from '../claims/claim-mapping';
import { latchkeyFacts, refused } from '../claims/token-facts';
import type { ConnectionJudge } from '../connections/connection-judge';
import { FeedJudge } from '../feed/feed-judge';
import type { RevocationFeedClient } from '../feed/revocation-feed.client';
import { fetchJson, UnexpectedAnswer, type JsonObject } from '../http/bounded-fetch';
import { basicAuthorization } from '../http/client-credentials';
import type { Verdict } from '../revocation/revocation-mirror';
import { VerifiedTokenCache } from '../verified-token-cache';
import type { VerifierParts, VerifierRecipe } from '../verifier-recipe';
import { chosenFeed } from './common-options';
import {
  audienceOf,
  introspectionSettings,
  type IntrospectionOptions,
  type IntrospectionSettings,
} from './introspection-options';
import type { ProvenToken } from './proven-token';

/** Tokens asked about at once, and waiting to be. */
const QUEUE = 1_000;

interface Answered extends ProvenToken {
  readonly dies: number;
}

/**
 * Asks the service about a token (RFC 7662) and remembers a good answer for a moment; with the revocation feed for
 * longer, because the feed tells when to forget it.
 */
export class IntrospectionVerifier extends AccessTokenVerifier {
  private readonly cache: VerifiedTokenCache<Answered>;
  private readonly asking = new Map<string, Promise<Answered>>();
  private readonly lane: BoundedLane;
  private readonly authorization: string;

  constructor(
    private readonly settings: IntrospectionSettings,
    private readonly factsOf: FactsReader,
    private readonly parts: VerifierParts,
    private readonly feed: RevocationFeedClient | null,
  ) {
    super();
    this.cache = new VerifiedTokenCache(settings.maxEntries);
    this.lane = new BoundedLane(settings.maxConcurrent, QUEUE);
    this.authorization = basicAuthorization(settings.client);
  }

  override connectionJudge(): ConnectionJudge | null {
    return this.feed && new FeedJudge(this.feed, this.parts.clock);
  }

  override async start(): Promise<void> {
    const started = [this.feed?.start(), this.probe()];
    const failed = (await Promise.allSettled(started)).find(({ status }) => status === 'rejected');
    if (!failed || this.settings.onUnreachable === 'start') return;
    await this.stop();
    throw new Error(`Tokens cannot be checked: ${this.settings.endpoint} cannot be asked`, {
      cause: (failed as PromiseRejectedResult).reason,
    });
  }

  override stop(): Promise<void> | undefined {
    return this.feed?.stop();
  }

  verify(token: string): AuthContext | Promise<AuthContext> {
    const now = this.parts.clock.now();
    const known = this.cache.get(token, now);
    if (!known) return this.ask(token, 'valid');
    if (now >= known.dies) throw new AuthError('token_expired', 'The access token has expired');
    const verdict = this.verdict(known);
    if (verdict === 'valid' && this.isRecent(known)) return known.context;
    this.cache.delete(token);
    return this.ask(token, verdict);
  }

  private isRecent({ provenAt, revocable }: Answered): boolean {
    const { cacheFor, cacheWithFeedFor } = this.settings;
    const followed = revocable !== null && this.feed?.isFresh() === true;
    return this.parts.clock.monotonic() - provenAt < (followed ? cacheWithFeedFor : cacheFor);
  }

  /** Any verdict but `valid` means asking again: the row behind a session token may have been renewed. */
  private verdict(known: Answered): Verdict {
    const { mirror } = this.feed ?? {};
    if (!mirror || known.version === mirror.version) return 'valid';
    const verdict = this.told(known.revocable);
    if (verdict === 'valid') known.version = mirror.version;
    return verdict;
  }

  /** What the feed says, as far as it is followed. */
  private told(revocable: Answered['revocable']): Verdict {
    return (revocable && this.feed?.mirror.verdict(revocable)) ?? 'valid';
  }

  /** One question per token, however many requests wait for its answer. */
  private async ask(token: string, verdict: Verdict): Promise<AuthContext> {
    const joined = this.asking.get(token);
    const question = joined ?? this.question(token, verdict).finally(() => this.asking.delete(token));
    if (!joined) this.asking.set(token, question);
    const answer = await question;
    // Asked before this request came: what was revoked in between is not in the answer.
    if (joined && this.verdict(answer) !== 'valid') return this.ask(token, this.verdict(answer));
    return answer.context;
  }

  private async question(token: string, verdict: Verdict): Promise<Answered> {
    const version = this.feed?.mirror.version ?? 0;
    const provenAt = this.parts.clock.monotonic();
    const answer = await this.post(token);
    if (answer['active'] === false) throw refusalFor(verdict);
    if (answer['active'] !== true) throw unavailable('introspection answered neither active nor inactive');
    const proven = this.provenBy(answer, token, { version, provenAt });
    // Another process than the one that ended the login may have answered, and not know of it yet.
    const told = this.told(proven.revocable);
    if (told !== 'valid') throw refusalFor(told);
    this.cache.set(token, proven);
    return proven;
  }

  private provenBy(answer: JsonObject, token: string, when: { version: number; provenAt: number }): Answered {
    const kind = answer['token_kind'] ?? (token.startsWith('eyJ') ? 'jwt' : 'opaque');
    const { audience } = this.settings;
    if (audience.length > 0 && !audienceOf(answer).some((one) => audience.includes(one))) throw refused('audience');
    const { active: _, token_kind: __, ...claims } = answer;
    const facts = this.factsOf(claims, kind === 'jwt' ? 'stateless' : 'stateful');
    const dies = facts.context.expiresAt.getTime();
    if (this.parts.clock.now() >= dies) throw new AuthError('token_expired', 'The access token has expired');
    // Kept past its death, so that an expired token is told from a made-up one without asking.
    return { ...facts, ...when, dies, serveUntil: Infinity };
  }

  private async post(token: string): Promise<JsonObject> {
    const arrived = this.parts.clock.monotonic();
    const { endpoint, timeout } = this.settings;
    const send = (): Promise<JsonObject> => {
      const left = timeout - (this.parts.clock.monotonic() - arrived);
      if (left < 1) throw unavailable('waited too long to ask');
      const form = { token, token_type_hint: 'access_token' };
      return fetchJson({
        url: endpoint,
        form,
        headers: { authorization: this.authorization },
        timeout: Math.ceil(left),
      });
    };
    try {
      return await this.lane.run(async () => send());
    } catch (error) {
      throw error instanceof AuthError ? error : unavailable('introspection', error);
    }
  }

  /** Shows a made-up token: the answer is "inactive" when address and credentials are right. */
  private async probe(): Promise<void> {
    const answer = await this.post('lk_at_probe');
    if (answer['active'] !== false) throw new UnexpectedAnswer(200, 'A made-up token was taken for a good one');
  }
}

/** Nothing but "inactive" is told; the feed may have told more. */
function refusalFor(verdict: Verdict): AuthError {
  if (verdict === 'revoked') return new AuthError('token_revoked', 'The login was ended');
  if (verdict === 'renew') return new AuthError('token_expired', 'The access token is out of date: refresh it');
  return new AuthError('invalid_token', 'The access token is not valid', { detail: 'inactive' });
}

function unavailable(detail: string, cause?: unknown): AuthError {
  return new AuthError('unavailable', 'Tokens cannot be checked right now', { retryAfter: 1, detail, cause });
}

/**
 * Asks the service about each token: works for both kinds, and a login that was ended is refused once the short memory
 * of a good answer is over, or at once when the `feed` is followed.
 */
export function introspection(options: IntrospectionOptions): VerifierRecipe {
  const foreign = options.endpoint !== undefined || options.claims !== undefined || options.tenant !== undefined;
  return (parts) =>
    new IntrospectionVerifier(
      introspectionSettings(options),
      foreign ? mappedFacts(options) : latchkeyFacts,
      parts,
      chosenFeed(options, parts),
    );
}
