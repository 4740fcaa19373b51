import type { IncomingMessage } from 'node:http';
import { io, type Socket } from 'socket.io-client';
import WebSocket from 'ws';

/** How a client introduces itself. */
export interface Introduction {
  readonly token?: string;
  readonly ticket?: string;
  /** `?access_token=` */
  readonly queryToken?: string;
  /** Socket.IO's `auth` payload. */
  readonly payload?: object;
  readonly cookie?: string;
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Message {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** How a connection ended: the close code of a WebSocket, and the code of the error. */
export interface Ending {
  readonly status: number | null;
  readonly code: string;
}

/** An open socket of either kind. */
export interface OpenSocket {
  /** Everything that arrived. */
  readonly received: readonly Message[];
  readonly ended: Promise<Ending>;
  readonly isOpen: boolean;
  send(event: string, data?: unknown): void;
  /** Sends, and resolves with the next message of that event, or with an `exception`. */
  ask(event: string, data?: unknown, answer?: string): Promise<Message>;
  close(): void;
  /** Reads nothing from the wire until `resume`: a peer that has not noticed anything yet, or never will. */
  pause(): void;
  resume(): void;
}

/** The handshake was refused. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly headers: Readonly<Record<string, unknown>> = {},
  ) {
    super(`${status} ${code}`);
  }
}

export type Connect = (url: string, room: string, introduction?: Introduction) => Promise<OpenSocket>;

const ANSWER_WITHIN = 10_000;

function queryOf({ ticket, queryToken }: Introduction): Record<string, string> {
  return { ...(ticket !== undefined && { ticket }), ...(queryToken !== undefined && { access_token: queryToken }) };
}

function headersOf({ token, cookie, origin, headers }: Introduction): Record<string, string> {
  return {
    ...headers,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(cookie !== undefined && { cookie }),
    ...(origin !== undefined && { origin }),
  };
}

/** What both kinds share: waiting for an event among all that arrives. */
class Inbox {
  readonly received: Message[] = [];
  private readonly waiting = new Set<(message: Message) => void>();

  arrived(message: Message): void {
    this.received.push(message);
    for (const look of [...this.waiting]) look(message);
  }

  next(...events: string[]): Promise<Message> {
    return new Promise((resolve, reject) => {
      const give = (): void => {
        this.waiting.delete(look);
        reject(new Error(`No ${events.join(' or ')} within ${ANSWER_WITHIN} ms`));
      };
      const impatience = setTimeout(give, ANSWER_WITHIN);
      const look = (message: Message): void => {
        if (!events.includes(message.event)) return;
        clearTimeout(impatience);
        this.waiting.delete(look);
        resolve(message);
      };
      this.waiting.add(look);
    });
  }
}

/** Of a problem document; empty when something before the service answered. */
function codeOf({ headers }: IncomingMessage, body: string): string {
  if (!headers['content-type']?.startsWith('application/problem+json')) return '';
  return (JSON.parse(body) as { code: string }).code;
}

/** Connects over a plain WebSocket. Rejects with `Refused`. */
export const connectWs: Connect = async (url, room, introduction = {}) => {
  const address = new URL(`/${room}`, url.replace(/^http/, 'ws'));
  for (const [name, value] of Object.entries(queryOf(introduction))) address.searchParams.set(name, value);
  const socket = new WebSocket(address, { headers: headersOf(introduction) });
  const inbox = new Inbox();
  socket.on('message', (text: Buffer) => inbox.arrived(JSON.parse(text.toString()) as Message));
  const ended = new Promise<Ending>((resolve) => {
    socket.on('close', (status: number, reason: Buffer) => resolve({ status, code: reason.toString() }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.on('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => reject(new Refused(response.statusCode ?? 0, codeOf(response, body), response.headers)));
    });
  });
  const send = (event: string, data?: unknown): void => socket.send(JSON.stringify({ event, data }));
  return {
    received: inbox.received,
    ended,
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    send,
    ask: (event, data, answer = event) => {
      const reply = inbox.next(answer, 'exception');
      send(event, data);
      return reply;
    },
    close: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
};

/** Connects over Socket.IO. Rejects with `Refused`. */
export const connectIo: Connect = async (url, room, introduction = {}) => {
  const socket: Socket = io(`${url}/${room}`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    query: queryOf(introduction),
    extraHeaders: headersOf(introduction),
    ...(introduction.payload && { auth: { ...introduction.payload } }),
  });
  const inbox = new Inbox();
  socket.onAny((event: string, data: Record<string, unknown>) => inbox.arrived({ event, data }));
  const ended = new Promise<Ending>((resolve) => {
    socket.on('disconnect', () => {
      const last = inbox.received.findLast(({ event }) => event === 'revoked');
      resolve({ status: null, code: String(last?.data['code'] ?? '') });
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', (error: Error & { data?: { status: number; code: string } }) => {
      socket.close();
      reject(new Refused(error.data?.status ?? 0, error.data?.code ?? error.message));
    });
  });
  const send = (event: string, data?: unknown): void => void socket.emit(event, data);
  return {
    received: inbox.received,
    ended,
    get isOpen() {
      return socket.connected;
    },
    send,
    ask: (event, data, answer = event) => {
      const reply = inbox.next(answer, 'exception');
      send(event, data);
      return reply;
    },
    close: () => void socket.close(),
    pause: () => wireOf(socket).pause(),
    resume: () => wireOf(socket).resume(),
  };
};

/** The WebSocket that this client sends over. */
function wireOf(socket: Socket): WebSocket {
  return (socket.io.engine.transport as unknown as { ws: WebSocket }).ws;
}

export const SOCKET_KINDS = [
  { kind: 'ws', connect: connectWs },
  { kind: 'socket.io', connect: connectIo },
] as const;

export type SocketKind = (typeof SOCKET_KINDS)[number]['kind'];
