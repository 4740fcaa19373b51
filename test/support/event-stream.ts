import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { until } from './until';

export interface StreamEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: unknown;
  /** Monotonic milliseconds. */
  readonly at: number;
}

export interface StreamOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** A reader of server-sent events, over a connection of its own. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  ended = false;
  private text = '';

  private constructor(
    private readonly sent: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.read(chunk));
    for (const name of ['end', 'close', 'error']) response.on(name, () => (this.ended = true));
  }

  /** Rejects with the answer when it is not a stream. */
  static open(base: string, authorization: string, { headers, path = '' }: StreamOptions = {}): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      const sent = request(`${base}/oauth/revocations/stream${path}`, {
        agent: false,
        headers: { authorization, accept: 'text/event-stream', ...headers },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        if (response.statusCode === 200) return resolve(new EventStream(sent, response));
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => reject(new Error(`${response.statusCode} ${text}`)));
      });
      sent.end();
    });
  }

  named(event: string): StreamEvent[] {
    return this.events.filter((each) => each.event === event);
  }

  /** Reads no further; what is sent waits on the other side. */
  pause(): void {
    this.response.removeAllListeners('data');
    this.response.pause();
  }

  async until(what: string, isSo: (stream: this) => boolean): Promise<void> {
    await until(what, () => isSo(this));
  }

  close(): void {
    this.sent.destroy();
  }

  private read(chunk: string): void {
    const blocks = (this.text + chunk).split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
      const event = fields.get('event');
      if (!event) continue;
      this.events.push({
        event,
        id: fields.get('id'),
        data: JSON.parse(fields.get('data') ?? 'null'),
        at: performance.now(),
      });
    }
  }
}
