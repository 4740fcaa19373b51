import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { UnexpectedAnswer } from './bounded-fetch';

/**
 * The body of an event stream, on a connection of its own that ends with the signal. Not `fetch`: on Node 20 it connects
 * anew when a stream is given up, and that idle connection holds up the shutdown of the other side.
 * @throws UnexpectedAnswer for anything but a stream; a redirect is not followed.
 */
export function openStream(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? secure : plain;
    const sent = send(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false, signal });
    sent.on('error', reject);
    sent.on('response', (response) => {
      if (isStream(response)) return resolve(response);
      response.destroy();
      reject(new UnexpectedAnswer(response.statusCode ?? 0, `${url} does not stream`));
    });
    sent.end();
  });
}

function isStream({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 200 && headers['content-type']?.startsWith('text/event-stream') === true;
}
