import { AsyncLocalStorage } from 'node:async_hooks';
import type { AuthContext } from './auth-context';

/** The tenant that work was put into, where that is not simply the caller's. */
export interface TenantScope {
  readonly tenantId: string | null;
  /** Why statements may pass that nobody put a condition on; null where they may not. */
  readonly lifted: string | null;
}

/** What travels with one request through every `await`. The guard fills `auth`. */
export interface RequestContext {
  readonly requestId: string;
  auth?: AuthContext;
  tenant?: TenantScope;
}

/**
 * The contexts of the requests under way in this process. Node versions before 24 make every promise of a process
 * dearer while an AsyncLocalStorage is in use, so it is in use only while somebody needs it.
 */
export class RequestContexts {
  private readonly storage = new AsyncLocalStorage<RequestContext>();
  private underWay = 0;
  private everyRequest = false;

  /** True when each request must have a context, because something asks for it that may run in any of them. */
  get wantedEverywhere(): boolean {
    return this.everyRequest;
  }

  /** From now on, for the life of the process. */
  wantEverywhere(): void {
    this.everyRequest = true;
  }

  getStore(): RequestContext | undefined {
    return this.storage.getStore();
  }

  /** Runs `work`, and all that it leads to, in this context. Whoever calls it calls `leave` once when that is over. */
  enter(context: RequestContext, work: () => void): void {
    this.hold();
    this.run(context, work);
  }

  /** Begins what has many runs, such as the messages of a socket. Whoever calls it calls `leave` once at its end. */
  hold(): void {
    this.underWay += 1;
  }

  /** Between `hold` and `leave`. */
  run<T>(context: RequestContext, work: () => T): T {
    return this.storage.run(context, work);
  }

  leave(): void {
    this.underWay -= 1;
    if (this.underWay === 0 && !this.everyRequest) this.storage.disable();
  }
}

/** One for the process. */
export const requestContext = new RequestContexts();
