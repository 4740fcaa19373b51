import { Injectable } from '@nestjs/common';
import { signatureOver } from './jwt-signature';
import { KeyRing } from './key-ring';

/** Signs JWTs with the key that signs at the moment. */
@Injectable()
export class TokenSigner {
  constructor(private readonly keys: KeyRing) {}

  /** A compact JWS (RFC 7515, 7.1) of these claims; `typ` says what it is for. Never blocks the event loop. */
  async sign(typ: string, claims: object): Promise<string> {
    const key = this.keys.signing;
    const input = `${encoded({ alg: key.algorithm, typ, kid: key.id })}.${encoded(claims)}`;
    return `${input}.${(await signatureOver(input, key)).toString('base64url')}`;
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
