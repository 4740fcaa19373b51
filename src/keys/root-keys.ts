import { deriveKey, sha256 } from '../common/digest';

/** One root secret: its id is safe to store beside everything made with it. */
class RootKey {
  readonly id: string;

  constructor(private readonly secret: Buffer) {
    this.id = sha256(deriveKey(secret, 'id')).subarray(0, 6).toString('base64url');
  }

  derive(purpose: string): Buffer {
    return deriveKey(this.secret, purpose);
  }
}

/** The root secret and those it replaced. New work uses the first; what older ones made can still be read. */
export class RootKeys {
  private readonly keys: readonly RootKey[];

  constructor(current: string, previous: readonly string[] = []) {
    this.keys = [current, ...previous].map((secret) => new RootKey(Buffer.from(secret, 'utf8')));
  }

  get currentId(): string {
    return this.current.id;
  }

  /** 32 bytes for this purpose, from the current root. */
  derive(purpose: string): Buffer {
    return this.current.derive(purpose);
  }

  /** The same from the root with this id; null when it is not configured any more. */
  deriveWith(id: string, purpose: string): Buffer | null {
    return this.keys.find((key) => key.id === id)?.derive(purpose) ?? null;
  }

  private get current(): RootKey {
    return this.keys[0] as RootKey;
  }
}
