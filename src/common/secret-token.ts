import { randomBytes } from 'node:crypto';
import { decodeBase62, encodeBase62 } from './base62';
import { digestsMatch, sha256 } from './digest';

const SECRET_BYTES = 32;
const CHECKSUM_BYTES = 4;

/** A kind of secret that is handed out once: prefix, then 256 random bits and a checksum in base62. No other kind passes as it. */
export class SecretTokens {
  constructor(private readonly prefix: string) {}

  /** A new one: the text to hand out, and the hash to keep. */
  make(): { readonly token: string; readonly hash: Buffer } {
    const secret = randomBytes(SECRET_BYTES);
    return { token: this.format(secret), hash: sha256(secret) };
  }

  /** The hash under which it is kept; null for anything malformed or mistyped: that costs no statement. */
  hashOf(token: string): Buffer | null {
    const secret = this.parse(token);
    return secret && sha256(secret);
  }

  format(secret: Buffer): string {
    return this.prefix + encodeBase62(Buffer.concat([secret, this.checksum(secret)]));
  }

  parse(token: string): Buffer | null {
    if (!token.startsWith(this.prefix)) return null;
    const bytes = decodeBase62(token.slice(this.prefix.length), SECRET_BYTES + CHECKSUM_BYTES);
    const secret = bytes?.subarray(0, SECRET_BYTES);
    return secret && digestsMatch(bytes?.subarray(SECRET_BYTES), this.checksum(secret)) ? secret : null;
  }

  private checksum(secret: Buffer): Buffer {
    return sha256(Buffer.concat([Buffer.from(this.prefix), secret])).subarray(0, CHECKSUM_BYTES);
  }
}
