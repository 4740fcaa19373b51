import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { AuthError, problemDetails } from '@latchkey/nest';

interface ParserError extends Error {
  readonly code?: string;
}

const STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };
const REFUSAL = new AuthError('validation_failed', 'The request is not well-formed HTTP');

/** Answers what the HTTP parser refused, before any request exists, as a problem document; then hangs up. */
export function answerParserError(typeBase: string): (error: ParserError, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
    const status = STATUS[error.code ?? ''] ?? 400;
    const requestId = randomUUID();
    const title = STATUS_CODES[status] ?? 'Bad Request';
    const body = JSON.stringify({ ...problemDetails(REFUSAL, typeBase, requestId), status, title });
    const head = [
      `HTTP/1.1 ${status} ${title}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Cache-Control: no-store',
      'X-Content-Type-Options: nosniff',
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  };
}
