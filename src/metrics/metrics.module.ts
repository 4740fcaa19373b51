import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { Registry } from 'prom-client';
import type { Config } from '../config/config';
import { ProtectionModule } from '../protection/protection.module';
import { AuthObserver } from './auth-observer';
import { CrossUserEvents } from './cross-user-events';
import { HashingMetrics } from './hashing-metrics';
import { HttpMetrics } from './http-metrics';
import { LoginMetrics } from './login-metrics';
import { MetricsServer } from './metrics-server';
import { ProcessMetrics } from './process-metrics';
import { ServiceMetrics } from './service-metrics';
import { TokenMetrics } from './token-metrics';

const COUNTED: Provider[] = [
  LoginMetrics,
  TokenMetrics,
  HashingMetrics,
  ServiceMetrics,
  HttpMetrics,
  ProcessMetrics,
  MetricsServer,
];

/** What a Prometheus reads; of all of it only the events remain when `metrics.enabled` is false. */
@Module({})
export class MetricsModule {
  static forRoot({ metrics }: Config, observer: AuthObserver): DynamicModule {
    return {
      module: MetricsModule,
      imports: [ProtectionModule],
      providers: [
        { provide: AuthObserver, useValue: observer },
        CrossUserEvents,
        ...(metrics.enabled ? [{ provide: Registry, useFactory: () => new Registry() }, ...COUNTED] : []),
      ],
    };
  }
}
