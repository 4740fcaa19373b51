import {
  applyDecorators,
  createParamDecorator,
  Injectable,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { AuthError, Public } from '@latchkey/nest';
import type { Client } from '../clients/client';
import { ClientVerifier } from '../clients/client-verifier';
import { addressKey } from '../protection/address-key';
import { RateLimits } from '../protection/rate-limits';
import { parseForm, type Form } from './form';
import { presentedClient } from './presented-client';

const CLIENT = Symbol('latchkey:client');
const FORM = Symbol('latchkey:form');

interface OAuthRequest {
  readonly ip: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly query: object;
  readonly body?: unknown;
  [CLIENT]?: Client;
  [FORM]?: Form;
}

/** Lets clients in that prove who they are. Only failures count for the address: resource servers ask all the time. */
@Injectable()
export class ClientGuard implements CanActivate {
  constructor(
    private readonly clients: ClientVerifier,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<OAuthRequest>();
    const [key, facts] = [addressKey(request.ip), { ipAddress: request.ip }];
    await this.limits.requireRoom('client', key, facts);
    const form = formOf(request);
    try {
      const { id, secret } = presentedClient(request.headers['authorization'], form);
      request[CLIENT] = await this.clients.verify(id, secret);
    } catch (error) {
      const failed = error instanceof AuthError && error.code === 'invalid_client';
      throw (failed && (await this.limits.countFailure('client', key, facts))) || error;
    }
    request[FORM] = form;
    return true;
  }
}

function formOf({ method, query, body }: OAuthRequest): Form {
  if (method !== 'POST') return new Map();
  // RFC 6749, section 2.3.1: credentials and tokens never stand in the address, where they would be logged.
  if (Object.keys(query).length > 0) throw new AuthError('validation_failed', 'Parameters belong into the body');
  return body instanceof Buffer ? parseForm(body) : new Map();
}

/** A route for clients: no person's token opens it, and errors are also said in OAuth's own words. */
export function ForClients(): MethodDecorator & ClassDecorator {
  return applyDecorators(Public(), UseGuards(ClientGuard));
}

/** What the HTTP server must know of a route for clients. Stands on each method. */
export function OAuthRoute({ form }: { form: boolean }): MethodDecorator {
  return RouteConfig({ oauth: true, form });
}

/** The client that was let in. */
export const OAuthClient = createParamDecorator(
  (_: undefined, context: ExecutionContext) => context.switchToHttp().getRequest<OAuthRequest>()[CLIENT],
);

/** The parameters of the body. */
export const FormBody = createParamDecorator(
  (_: undefined, context: ExecutionContext) => context.switchToHttp().getRequest<OAuthRequest>()[FORM],
);
