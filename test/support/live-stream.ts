import { request, type IncomingMessage } from 'node:http';

export interface StreamedEvent {
  readonly type: string;
  readonly data: string;
}

/** An event stream, as a client reads it. */
export interface EventStream {
  readonly events: readonly StreamedEvent[];
  /** Resolves when the server has ended it. */
  readonly ended: Promise<void>;
  readonly isOpen: boolean;
  close(): void;
}

/** Opens a stream; rejects with the status and the problem's code when it is refused. */
export function openStream(url: string, token?: string): Promise<EventStream> {
  const headers = { accept: 'text/event-stream', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (response) => {
      if (response.statusCode === 200) resolve(read(response, () => sent.destroy()));
      else refusalOf(response).then(reject, reject);
    });
    sent.on('error', reject).end();
  });
}

function read(response: IncomingMessage, close: () => void): EventStream {
  const events: StreamedEvent[] = [];
  let [rest, open] = ['', true];
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    events.push(...blocks.filter((block) => block.trim() !== '').map(eventOf));
  });
  const ended = new Promise<void>((resolve) => {
    response.on('close', () => {
      open = false;
      resolve();
    });
  });
  response.on('error', () => undefined);
  return {
    events,
    ended,
    get isOpen() {
      return open;
    },
    close,
  };
}

function eventOf(block: string): StreamedEvent {
  const lines = block.split('\n');
  const field = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  return { type: field('event') ?? 'message', data: field('data') ?? '' };
}

async function refusalOf(response: IncomingMessage): Promise<Error> {
  let body = '';
  for await (const chunk of response) body += String(chunk);
  const { code } = JSON.parse(body === '' ? '{}' : body) as { code?: string };
  return Object.assign(new Error(`${response.statusCode} ${code}`), { status: response.statusCode, code });
}
