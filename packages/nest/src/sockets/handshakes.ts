import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { AccessTokenVerifier } from '../access-token-verifier';
import type { AuthContext, ClientInfo } from '../auth-context';
import { clientOf } from '../auth.guard';
import { AuthError } from '../auth-error';
import type { ConnectionJudge } from '../connections/connection-judge';
import type { SocketOptions } from '../connections/socket-options';
import type { TicketRedeemer } from '../connections/ticket-redeemer';
import { refusalOf } from '../connections/watched-connection';
import { hideSecrets, presentedCredential, type Credential, type HandshakePayload } from './credential';
import { judgeOrigin } from './origins';

export interface Handshake {
  readonly request: IncomingMessage;
  readonly payload?: HandshakePayload;
  /** True where some handler serves anonymous callers. What is presented must be good all the same. */
  readonly anonymous: boolean;
}

/** Who proves what is presented. */
export interface Provers {
  readonly verifier: AccessTokenVerifier;
  readonly tickets: TicketRedeemer;
  readonly judge: ConnectionJudge;
}

/** Decides who may open a socket, before it is open. */
export class Handshakes {
  constructor(
    private readonly provers: Provers,
    private readonly options: SocketOptions,
  ) {}

  /** Null for an anonymous caller. @throws AuthError */
  async authenticate({ request, payload, anonymous }: Handshake): Promise<AuthContext | null> {
    this.options.prepare?.(request);
    try {
      const credential = presentedCredential(request, this.options, payload);
      this.checkOrigin(request, credential);
      if (credential) return await this.prove(credential, request);
    } finally {
      request.url = hideSecrets(request.url);
    }
    if (anonymous) return null;
    throw new AuthError('missing_token', 'Sign in to continue');
  }

  clientOf(request: IncomingMessage): ClientInfo {
    const ip = this.options.addressOf?.(request) ?? request.socket.remoteAddress;
    return clientOf({ headers: request.headers, ip });
  }

  /** @throws AuthError `csrf_failed` */
  checkOrigin(request: IncomingMessage, credential: Credential | null): void {
    const encrypted = (request.socket as TLSSocket).encrypted === true;
    const verdict = judgeOrigin(request.headers, this.options.origins ?? [], encrypted);
    // Cross-site WebSocket hijacking: a browser sends cookies along whatever page opens the socket.
    if (verdict === 'allowed' || (verdict === 'absent' && !credential?.needsOrigin)) return;
    throw new AuthError('csrf_failed', 'Pages of this origin may not connect here');
  }

  private async prove(credential: Credential, request: IncomingMessage): Promise<AuthContext> {
    const { verifier, tickets, judge } = this.provers;
    const client = this.clientOf(request);
    const auth =
      credential.kind === 'ticket'
        ? await tickets.redeem(credential.value, client)
        : await verifier.verify(credential.value, client);
    const refusal = refusalOf(auth, judge);
    if (refusal) throw refusal;
    return auth;
  }
}
