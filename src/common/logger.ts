import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { requestContext } from '@latchkey/nest';
import { scrubSecrets } from './scrub-secrets';

export type Logger = PinoLogger;
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/** JSON lines. Every line carries the id of its request and passes the scrubber last, error stacks included. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFacts },
      mixin: () => {
        const request = requestContext.getStore();
        return request ? { request_id: request.requestId } : {};
      },
      hooks: { streamWrite: scrubSecrets },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** Message, code and stack of an error and of what caused it. Drivers hang whole connections on their errors. */
function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return { type: name, message, code, stack, ...(cause !== undefined && { cause: errorFacts(cause) }) };
}
