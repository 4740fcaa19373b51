import type { AuthContext, ClientInfo } from '../auth-context';
import { AuthError } from '../auth-error';

/**
 * Exchanges a single-use ticket for the proof of whoever asked for it. The service does so in its database; a resource
 * server would ask the service.
 */
export abstract class TicketRedeemer {
  /** @throws AuthError with a 401 code when the ticket is refused, a 503 code when it cannot be judged. */
  abstract redeem(ticket: string, client: ClientInfo): Promise<AuthContext>;
}

/** For applications that take no tickets. */
export class NoTickets extends TicketRedeemer {
  redeem(): Promise<AuthContext> {
    return Promise.reject(new AuthError('invalid_token', 'Tickets are not taken here'));
  }
}
