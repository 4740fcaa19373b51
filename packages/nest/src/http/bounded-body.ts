/**
 * The chunks of a body, until it ends or the signal is aborted. The reader is cancelled by hand: Node 20 may forget that
 * a response belongs to a signal once its request was collected, and the body would then be waited for without end.
 */
export async function* chunksOf(body: ReadableStream<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

/** `fetch` without redirects that ends when its signal is aborted, whatever the runtime makes of it. */
export async function fetchUntil(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
  const sent = fetch(url, { ...init, redirect: 'error', signal });
  let abandon = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abandon = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abandon, { once: true });
  });
  try {
    if (signal.aborted) abandon();
    return await Promise.race([sent, aborted]);
  } catch (error) {
    // An answer that comes after all would hold its connection open.
    sent.then((late) => late.body?.cancel()).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
}
