import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Answer, Grant } from './service-client';

/** Fewer than the service lets wait to be accepted. */
const OPENED_AT_A_TIME = 200;

/** Many presentations of one refresh token, each on a connection of its own. */
export interface Storm {
  /** In no particular order; status 0 where the connection ended without an answer. */
  readonly answers: readonly Answer<Grant>[];
  /** Most that were sent and not yet answered. */
  readonly peakInFlight: number;
  /** From the first that was sent to the last answer. */
  readonly milliseconds: number;
}

/** Opens all connections, over these processes in turn, and only then sends on all of them without a pause. */
export async function storm(ports: readonly number[], refreshToken: string, count: number): Promise<Storm> {
  const lines = await openLines(ports, count);
  const request = requestOf(refreshToken);
  let [inFlight, peakInFlight] = [0, 0];
  const begun = performance.now();
  const answers = await Promise.all(
    lines.map((line) => {
      const answer = answerOn(line).finally(() => (inFlight -= 1));
      line.write(request);
      inFlight += 1;
      peakInFlight = Math.max(peakInFlight, inFlight);
      return answer;
    }),
  );
  return { answers, peakInFlight, milliseconds: Math.round(performance.now() - begun) };
}

async function openLines(ports: readonly number[], count: number): Promise<Socket[]> {
  const lines: Socket[] = [];
  while (lines.length < count) {
    const size = Math.min(OPENED_AT_A_TIME, count - lines.length);
    lines.push(...(await Promise.all(Array.from({ length: size }, (_, i) => openLine(ports[i % ports.length]!)))));
  }
  return lines;
}

async function openLine(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket.on('error', () => undefined);
}

/** A whole request; its connection ends with the answer. */
export function requestOf(refreshToken: string): string {
  const body = JSON.stringify({ refresh_token: refreshToken });
  const head = [
    'POST /auth/refresh HTTP/1.1',
    'host: localhost',
    'connection: close',
    'content-type: application/json',
  ];
  return `${head.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

async function answerOn(line: Socket): Promise<Answer<Grant>> {
  let text = '';
  line.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await new Promise((closed) => line.once('close', closed));
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0);
  const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4) || 'null') as Grant;
  return { status, code: (body as { code?: string } | null)?.code, body };
}
