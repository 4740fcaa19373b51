import { parseStrictJson } from '@latchkey/nest';
import { z } from 'zod';
import { looksOpaque, parseOpaqueToken, type OpaqueToken, type OpaqueTokenUse } from '../strategy/opaque-token';
import { UsageError } from './failure';
import type { Call } from './shell';
import { readInput } from './terminal';

/** An opaque token as it was given; `token` is null when its checksum is wrong. */
export interface OpaqueText {
  readonly kind: 'opaque';
  readonly use: OpaqueTokenUse;
  readonly token: OpaqueToken | null;
}

/** A JWT as it was given: nothing of it is proven. `text` holds the signature and is not for printing. */
export interface JwtText {
  readonly kind: 'jwt';
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export type TokenText = OpaqueText | JwtText;

const USE_OF_PREFIX: readonly [string, OpaqueTokenUse][] = [
  ['lk_at_', 'access'],
  ['lk_rt_', 'refresh'],
];
const JWT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
const object = z.record(z.string(), z.unknown());

/** The token on standard input. An argument other than `-` is refused without repeating it. */
export async function tokenOnInput(call: Call): Promise<TokenText> {
  if (call.arguments[0] !== '-') {
    throw new UsageError(
      'A token is never an argument, which every user of the machine can read: give - and pipe it in',
    );
  }
  const text = (await readInput(call.terminal)).trim().replace(/^Bearer\s+/i, '');
  const token = looksOpaque(text) ? readOpaque(text) : readJwt(text);
  if (!token) throw new UsageError('Standard input holds no token of a kind that Latchkey knows');
  return token;
}

function readOpaque(text: string): OpaqueText | null {
  const use = USE_OF_PREFIX.find(([prefix]) => text.startsWith(prefix))?.[1];
  return use ? { kind: 'opaque', use, token: parseOpaqueToken(use, text) } : null;
}

function readJwt(text: string): JwtText | null {
  const [, head, body] = JWT.exec(text) ?? [];
  if (head === undefined || body === undefined) return null;
  try {
    const [header, claims] = [head, body].map((part) => object.parse(parseStrictJson(Buffer.from(part, 'base64url'))));
    return { kind: 'jwt', header: header as object as JwtText['header'], claims: claims as JwtText['claims'], text };
  } catch {
    return null;
  }
}
