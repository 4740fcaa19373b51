import { Injectable } from '@nestjs/common';
import { AuthError, TicketRedeemer, type AuthContext, type ClientInfo, type SessionFacts } from '@latchkey/nest';
import { Clock } from '../common/clock';
import { bindingHolds } from './client-binding';
import { IssuancePolicy } from './issuance-policy';
import { hashOfSecret } from './lineage';
import { newSecret } from './opaque-token';
import { formatTicket, parseTicket } from './ticket-token';
import { TicketStore } from './ticket.store';

/** Milliseconds. */
const TICKET_TTL = 30_000;
/** What one login may have unused at a time: enough for many tabs that reconnect at once. */
const MOST_UNUSED = 100;

export interface IssuedTicket {
  readonly ticket: string;
  /** Seconds. */
  readonly expiresIn: number;
}

/** A proof as a ticket keeps it. */
type KeptProof = {
  readonly [Fact in keyof AuthContext]: AuthContext[Fact] extends Date ? string : AuthContext[Fact];
};

/** Single-use tickets for handshakes that cannot carry a token, such as those of browsers. */
@Injectable()
export class Tickets extends TicketRedeemer {
  constructor(
    private readonly store: TicketStore,
    private readonly issuance: IssuancePolicy,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** The ticket stands for this very proof, and never outlives its access token. */
  async issue(auth: AuthContext): Promise<IssuedTicket> {
    const { principal, sessionId } = auth;
    if (principal.kind !== 'user' || sessionId === undefined) {
      throw new AuthError('insufficient_role', 'Tickets are for people: send the token in the Authorization header');
    }
    const secret = newSecret();
    const now = this.clock.date();
    const expiresAt = new Date(Math.min(now.getTime() + TICKET_TTL, auth.expiresAt.getTime()));
    const { tenantId, userId } = principal;
    const owner = { tenantId, userId, sessionId };
    const row = { ...owner, hash: hashOfSecret(secret), proof: JSON.stringify(auth), now, expiresAt };
    if (!(await this.store.add(row, MOST_UNUSED))) {
      throw new AuthError('rate_limited', 'Too many unused tickets', { retryAfter: TICKET_TTL / 1000 });
    }
    return { ticket: formatTicket(secret), expiresIn: Math.floor((expiresAt.getTime() - now.getTime()) / 1000) };
  }

  async redeem(ticket: string, client: ClientInfo): Promise<AuthContext> {
    const secret = parseTicket(ticket);
    const used = secret && (await this.store.use(hashOfSecret(secret)));
    if (!used || used.expiresAt.getTime() <= this.clock.now()) throw refused('ticket');
    if (!used.live) throw new AuthError('token_revoked', 'The login was ended');
    const auth = restored(used.proof as KeptProof);
    if (auth.session && !bindingHolds(this.issuance.binding, auth.session, client)) throw refused('another client');
    return auth;
  }
}

function refused(detail: string): AuthError {
  return new AuthError('invalid_token', 'The ticket is not valid', { detail });
}

function restored({ expiresAt, authTime, session, ...proof }: KeptProof): AuthContext {
  return Object.freeze({
    ...proof,
    ...(session && { session: restoredSession(session) }),
    expiresAt: new Date(expiresAt),
    authTime: new Date(authTime),
  });
}

function restoredSession(session: SessionFacts): SessionFacts {
  const { createdAt, lastActivity, expiresAt } = session;
  return Object.freeze({
    ...session,
    createdAt: dateOf(createdAt),
    lastActivity: dateOf(lastActivity),
    expiresAt: dateOf(expiresAt),
  });
}

/** JSON knows no dates. */
function dateOf(text: Date | string | null): Date | null {
  return text === null ? null : new Date(text);
}
