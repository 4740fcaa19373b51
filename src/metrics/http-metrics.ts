import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, onResponseHookHandler, RouteOptions } from 'fastify';
import { Registry } from 'prom-client';
import { registerRouteTimes, RouteTimes } from './route-times';

/** Made by the framework beside each GET, or no answer to a person. */
const UNTIMED_METHODS = ['HEAD', 'OPTIONS'];

/** How long each route takes to answer. Routes that were not found are not among them: their paths are anybody's. */
@Injectable()
export class HttpMetrics {
  private readonly routes: RouteTimes[] = [];

  constructor(registry: Registry, { httpAdapter }: HttpAdapterHost) {
    registerRouteTimes(registry, this.routes);
    httpAdapter.getInstance<FastifyInstance>().addHook('onRoute', (route) => this.time(route));
  }

  private time(route: RouteOptions): void {
    const methods = [route.method].flat();
    if (methods.every((method) => UNTIMED_METHODS.includes(method))) return;
    const times = new RouteTimes({ method: methods.length > 1 ? 'ANY' : (methods[0] as string), route: route.url });
    this.routes.push(times);
    const note: onResponseHookHandler = (_request, reply, done) => {
      times.note(reply.statusCode, reply.elapsedTime);
      done();
    };
    route.onResponse = [route.onResponse ?? [], note].flat();
  }
}
