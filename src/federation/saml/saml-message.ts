import { inflateRawSync } from 'node:zlib';
import { refuse, refuseUnless } from './saml-refusal';

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Bytes: more than any form or address that is accepted can hold, and little enough to look at. */
const LONGEST = 256 * 1024;

/** The XML of the POST binding. @throws SamlRefusal */
export function postedMessage(text: string): string {
  return utf8(bytesOf(text.replace(/[\r\n\t ]+/g, '')));
}

/** The XML of the redirect binding, which is compressed. @throws SamlRefusal */
export function redirectedMessage(text: string): string {
  const bytes = bytesOf(text);
  try {
    return utf8(inflateRawSync(bytes, { maxOutputLength: LONGEST }));
  } catch {
    return refuse('not_base64');
  }
}

function bytesOf(text: string): Buffer {
  refuseUnless(BASE64.test(text) && text.length % 4 === 0, 'not_base64');
  return Buffer.from(text, 'base64');
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('not_base64');
  }
}
