import { Inject, Module, type DynamicModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';

export const ROUTES = Symbol('routes');

/** Collects the routes that are really registered, as `GET /auth/me`. Stands first, so that its hook sees them all. */
@Module({})
export class RouteListModule {
  constructor(@Inject(HttpAdapterHost) { httpAdapter }: HttpAdapterHost, @Inject(ROUTES) routes: Set<string>) {
    httpAdapter.getInstance<FastifyInstance>().addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) if (each !== 'HEAD' && each !== 'OPTIONS') routes.add(`${each} ${url}`);
    });
  }

  static into(routes: Set<string>): DynamicModule {
    return { module: RouteListModule, providers: [{ provide: ROUTES, useValue: routes }] };
  }
}
