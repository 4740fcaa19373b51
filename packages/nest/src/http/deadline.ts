/** A signal that is aborted when time is up, or when another signal is. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Begins to count anew. */
  refresh(): void;
  /** Aborts now. */
  abort(): void;
  /** To be called when the work is over. */
  done(): void;
}

/** Not `AbortSignal.any` and `AbortSignal.timeout`: Node 20 may collect what they return before it fires. */
export function deadlineAfter(milliseconds: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, milliseconds);
  outer?.addEventListener('abort', abort, { once: true });
  if (outer?.aborted) abort();
  return {
    signal: controller.signal,
    refresh: () => void timer.refresh(),
    abort,
    done: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}
