import { chunksOf, fetchUntil } from './bounded-body';
import { deadlineAfter } from './deadline';

/** Longest answer that is read. Bytes. */
const LONGEST = 1024 * 1024;

export interface BoundedRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST, form-encoded. */
  readonly form?: Readonly<Record<string, string>>;
  /** Milliseconds for the whole answer. */
  readonly timeout: number;
  /** Gives the call up early. */
  readonly signal?: AbortSignal;
}

/** The peer answered, but not as it should. */
export class UnexpectedAnswer extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The body of a 200 answer as a JSON object. One bound on time and one on size; redirects are refused, because they
 * would lead a secret or the trust in a key to another address.
 * @throws UnexpectedAnswer for another status or body, anything else when there was no answer.
 */
export async function fetchJson(request: BoundedRequest): Promise<JsonObject> {
  const deadline = deadlineAfter(request.timeout, request.signal);
  try {
    return await answerTo(request, deadline.signal);
  } finally {
    deadline.done();
  }
}

async function answerTo({ url, headers, form }: BoundedRequest, signal: AbortSignal): Promise<JsonObject> {
  const method = form ? 'POST' : 'GET';
  const body = form && new URLSearchParams(form);
  const response = await fetchUntil(url, { method, headers: { accept: 'application/json', ...headers }, body }, signal);
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new UnexpectedAnswer(response.status, `${url} answered ${response.status}`);
  }
  return objectIn(await boundedText(response, signal), url);
}

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function boundedText(response: Response, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ? chunksOf(response.body, signal) : []) {
    length += chunk.byteLength;
    if (length > LONGEST) throw new UnexpectedAnswer(response.status, `${response.url} answered too much`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function objectIn(text: string, url: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isJsonObject(value)) throw new UnexpectedAnswer(200, `${url} did not answer a JSON object`);
  return value;
}
