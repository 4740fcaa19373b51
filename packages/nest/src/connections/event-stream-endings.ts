import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { INTERCEPTORS_METADATA, SSE_METADATA } from '@nestjs/common/internal';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { Observable, Subscription, type Observer, type Subscriber } from 'rxjs';
import { authOf } from '../auth.guard';
import type { ConnectionWatch } from './connection-watch';

/** The response beneath a Fastify reply, or an Express response itself. */
interface Wire {
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

/**
 * Ends event streams whose login ends: the last event is `revoked`, its data the code. When the process stops they end
 * without it, and clients come back.
 */
export class EventStreamEndings implements NestInterceptor {
  constructor(private readonly watch: ConnectionWatch) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const response = http.getResponse<Wire & { raw?: Wire }>();
    const auth = authOf(http.getRequest<object>());
    return new Observable<unknown>((stream) => {
      const wire = response.raw ?? response;
      const events = new Subscription();
      const connection = this.watch.add(auth, {
        end: (reason) => {
          events.unsubscribe();
          if (reason) stream.next({ type: 'revoked', data: { code: reason.code } });
          stream.complete();
        },
        destroy: () => wire.destroy(),
      });
      wire.once('close', () => connection.leave());
      if (!connection.isOver) events.add(next.handle().subscribe(observerOf(stream)));
      return () => {
        events.unsubscribe();
        // A response that waits behind another one on the same wire never closes.
        if (!connection.isOver) connection.leave();
      };
    });
  }
}

/** Not the subscriber itself: ending the events must leave it open for a last one. */
function observerOf(stream: Subscriber<unknown>): Observer<unknown> {
  return {
    next: (event) => stream.next(event),
    error: (error) => stream.error(error),
    complete: () => stream.complete(),
  };
}

/** Puts the endings around every `@Sse()` route, and around nothing else: other routes pay nothing for them. */
export function endEventStreams(modules: ModulesContainer, watch: ConnectionWatch): void {
  const scanner = new MetadataScanner();
  for (const { controllers } of modules.values()) {
    for (const { metatype } of controllers.values()) {
      const prototype = (metatype?.prototype ?? {}) as Record<string, object>;
      for (const name of scanner.getAllMethodNames(prototype)) surround(prototype[name] as object, watch);
    }
  }
}

function surround(handler: object, watch: ConnectionWatch): void {
  if (!Reflect.getMetadata(SSE_METADATA, handler)) return;
  const given = (Reflect.getMetadata(INTERCEPTORS_METADATA, handler) ?? []) as unknown[];
  // A class may serve several applications of one process, one after the other.
  const others = given.filter((interceptor) => !(interceptor instanceof EventStreamEndings));
  Reflect.defineMetadata(INTERCEPTORS_METADATA, [new EventStreamEndings(watch), ...others], handler);
}
