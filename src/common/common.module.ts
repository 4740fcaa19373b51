import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Clock } from './clock';
import { EventLog } from './event-log';
import type { Logger } from './logger';

/** Injection token of the process's structured logger. */
export const LOGGER = Symbol('LOGGER');

/** Time and logs for everyone. */
@Global()
@Module({})
export class CommonModule {
  static forRoot(logger: Logger, clock: Clock = new Clock()): DynamicModule {
    return {
      module: CommonModule,
      providers: [
        { provide: LOGGER, useValue: logger },
        { provide: Clock, useValue: clock },
        { provide: EventLog, useValue: new EventLog(logger) },
      ],
      exports: [LOGGER, Clock, EventLog],
    };
  }
}
