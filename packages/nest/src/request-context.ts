import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuthContext } from './auth-context';

/** What travels with one request through every `await`. The guard fills `auth`. */
export interface RequestContext {
  readonly requestId: string;
  auth?: AuthContext;
}

/** One storage for the process; entered once per request by the HTTP adapter's first hook. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
