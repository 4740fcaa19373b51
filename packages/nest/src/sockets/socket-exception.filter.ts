import { Catch, type ArgumentsHost, type Type } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA } from '@nestjs/common/internal';
import { BaseWsExceptionFilter, WsException } from '@nestjs/websockets';
import { asAuthError } from '../problem-details';
import type { ProblemOptions } from '../problem-details.filter';
import { connectionOf, exceptionMessage } from './socket-connection';

/** Answers every error of a message handler with an `exception` event that carries its code. The connection stays. */
@Catch()
export class SocketExceptionFilter extends BaseWsExceptionFilter {
  constructor(private readonly problems: ProblemOptions) {
    super();
  }

  override catch(thrown: unknown, host: ArgumentsHost): void {
    if (thrown instanceof WsException) return super.catch(thrown, host);
    const error = asAuthError(thrown);
    const client = host.switchToWs().getClient<object>();
    this.problems.onError?.(error, client);
    connectionOf(client)?.send(exceptionMessage(error));
  }
}

/** Puts the filter behind those that a gateway names itself. */
export function answerExceptions(gateway: Type, filter: SocketExceptionFilter): void {
  const given = (Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, gateway) ?? []) as unknown[];
  // A class may serve several applications of one process, one after the other.
  const others = given.filter((other) => !(other instanceof SocketExceptionFilter));
  Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [filter, ...others], gateway);
}
