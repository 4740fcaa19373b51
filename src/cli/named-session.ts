import { digestsMatch } from '../common/digest';
import { isUuid } from '../common/uuid';
import { hashOfSecret } from '../strategy/lineage';
import { UsageError } from './failure';
import type { OperatorStore } from './operator.store';
import type { Call } from './shell';
import { tokenOnInput, type OpaqueText } from './token-text';

/** How a token relates to the login whose id it carries. */
export type TokenStanding = 'access' | 'previous_access' | 'refresh' | 'superseded_or_forged' | 'not_verified';

export interface NamedSession {
  readonly sessionId: string;
  /** Null when no token was given. */
  readonly standing: (store: OperatorStore) => Promise<TokenStanding | null>;
}

/** The session that the argument names: by its id, or by a token on standard input. */
export async function namedSession(call: Call): Promise<NamedSession> {
  const given = call.arguments[0] as string;
  if (isUuid(given)) return { sessionId: given, standing: async () => null };
  const token = await tokenOnInput(call);
  if (token.kind === 'opaque') return sessionOf(token);
  const { sid } = token.claims;
  if (typeof sid !== 'string' || !isUuid(sid)) throw new UsageError('The JWT names no session: it has no `sid`');
  return { sessionId: sid, standing: async () => 'not_verified' };
}

function sessionOf({ token }: OpaqueText): NamedSession {
  if (!token) throw new UsageError('The token is damaged: its checksum is wrong');
  const hash = hashOfSecret(token.secret);
  return {
    sessionId: token.sessionId,
    standing: async (store) => {
      const hashes = await store.hashes(token.sessionId);
      if (digestsMatch(hashes?.access_hash, hash)) return 'access';
      if (digestsMatch(hashes?.previous_access_hash, hash)) return 'previous_access';
      return digestsMatch(hashes?.refresh_hash, hash) ? 'refresh' : 'superseded_or_forged';
    },
  };
}
