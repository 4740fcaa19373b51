import { connect } from 'node:net';

/** No request may take longer: a hang is a failure of its own. Milliseconds. */
export const DEADLINE = 5_000;

/** A problem document, as clients read it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly request_id: string;
  readonly retry_after?: number;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; null when there is none. */
  readonly body: Body;
  /** `code` of a problem document; `status` as text for anything else, so that a failure tells what came instead. */
  readonly code: string;
}

export interface RequestOptions {
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; the content type is JSON unless a header says otherwise. */
  readonly raw?: string | Uint8Array;
  /** Milliseconds. Default: `DEADLINE`. For many at once that one process computes one after the other. */
  readonly deadline?: number;
}

/** Speaks HTTP to one service over real sockets. */
export class HttpClient {
  constructor(private readonly url: string) {}

  get<Body = Problem>(path: string, options?: RequestOptions): Promise<Answer<Body>> {
    return this.send<Body>('GET', path, options);
  }

  post<Body = Problem>(path: string, options?: RequestOptions): Promise<Answer<Body>> {
    return this.send<Body>('POST', path, options);
  }

  delete<Body = Problem>(path: string, options?: RequestOptions): Promise<Answer<Body>> {
    return this.send<Body>('DELETE', path, options);
  }

  async send<Body = Problem>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<Body>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: headersOf(options),
      body: bodyOf(options),
      redirect: 'manual',
      signal: AbortSignal.timeout(options.deadline ?? DEADLINE),
    });
    const text = await response.text();
    const body = parsed(text);
    const code = (body as Partial<Problem> | null)?.code ?? String(response.status);
    return { status: response.status, headers: response.headers, text, body: body as Body, code };
  }

  /** Sends bytes that no client library would, and gives back everything that came until the connection ended. */
  async bytes(...chunks: readonly (string | Uint8Array)[]): Promise<string> {
    const { hostname, port } = new URL(this.url);
    const socket = connect({ host: hostname, port: Number(port) });
    const received: Buffer[] = [];
    // A server that has answered may cut a client off that goes on writing.
    socket.on('data', (chunk: Buffer) => received.push(chunk)).on('error', () => {});
    const ended = new Promise((resolve, reject) => {
      socket.once('close', resolve);
      socket.setTimeout(DEADLINE, () => reject(new Error('The connection did not end')));
    });
    for (const chunk of chunks) socket.write(chunk);
    await ended.finally(() => socket.destroy());
    return Buffer.concat(received).toString('latin1');
  }
}

function headersOf({ token, headers, json, raw }: RequestOptions): Record<string, string> {
  return {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...((json !== undefined || raw !== undefined) && { 'content-type': 'application/json' }),
    ...headers,
  };
}

function bodyOf({ json, raw }: RequestOptions): string | Uint8Array | undefined {
  return raw ?? (json === undefined ? undefined : JSON.stringify(json));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
