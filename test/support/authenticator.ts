import { generate } from 'otplib';
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import type { TestClock } from './test-app';

/** Milliseconds. */
const STEP = 30_000;

/** An authenticator application: its codes by the clock of the test. */
export class AuthenticatorApp {
  constructor(
    private readonly secret: string,
    private readonly clock: TestClock,
  ) {}

  /** The code of now, or of another moment. Seconds. */
  code(offset = 0): Promise<string> {
    return generate({ secret: this.secret, epoch: Math.floor(this.clock.now() / 1000) + offset });
  }

  /** One that was not used before: the next step begins. */
  async freshCode(): Promise<string> {
    this.nextStep();
    return this.code();
  }

  /** To the beginning of the next time step, so that it does not end while a test takes codes by their age. */
  nextStep(): void {
    this.clock.advance(STEP - (this.clock.now() % STEP));
  }
}

interface CreationOptions {
  readonly challenge: string;
  readonly user: { readonly id: string };
}

interface Flaws {
  readonly origin?: string;
  readonly rpId?: string;
  readonly userHandle?: string;
  readonly signCount?: number;
  /** False: the key was touched, but nobody proved who touches it. */
  readonly userVerified?: boolean;
  readonly challenge?: string;
}

const PRESENT = 1;
const VERIFIED = 4;
const ATTESTED = 64;

/** A security key in software: ES256, no attestation. Made of the bytes that WebAuthn Level 2, section 6 describes. */
export class SecurityKey {
  readonly id = randomBytes(32);
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  private signCount = 0;
  private userHandle = '';

  constructor(
    private readonly origin: string,
    private readonly rpId = new URL(origin).hostname,
  ) {}

  create(options: CreationOptions, flaws: Flaws = {}): object {
    this.userHandle = options.user.id;
    const attested = Buffer.concat([
      Buffer.alloc(16),
      Buffer.from([0, this.id.length]),
      this.id,
      coseOf(this.keys.publicKey),
    ]);
    const authData = Buffer.concat([this.authenticatorData(flaws, ATTESTED), attested]);
    const attestationObject = Buffer.concat([
      Buffer.from([0xa3, 0x63]),
      Buffer.from('fmt'),
      Buffer.from([0x64]),
      Buffer.from('none'),
      Buffer.from([0x67]),
      Buffer.from('attStmt'),
      Buffer.from([0xa0, 0x68]),
      Buffer.from('authData'),
      Buffer.from([0x59, authData.length >> 8, authData.length & 0xff]),
      authData,
    ]);
    const clientDataJSON = this.clientData('webauthn.create', options.challenge, flaws);
    return this.credential({ clientDataJSON, attestationObject: text(attestationObject) });
  }

  get(options: { readonly challenge: string }, flaws: Flaws = {}): object {
    this.signCount += 1;
    const data = this.authenticatorData(flaws, 0);
    const clientDataJSON = this.clientData('webauthn.get', options.challenge, flaws);
    const hash = createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest();
    const signature = sign('sha256', Buffer.concat([data, hash]), this.keys.privateKey);
    const userHandle = flaws.userHandle ?? this.userHandle;
    return this.credential({ clientDataJSON, authenticatorData: text(data), signature: text(signature), userHandle });
  }

  private credential(response: object): object {
    return { id: text(this.id), rawId: text(this.id), type: 'public-key', clientExtensionResults: {}, response };
  }

  private authenticatorData(
    { rpId = this.rpId, signCount = this.signCount, userVerified = true }: Flaws,
    further: number,
  ) {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(signCount);
    const flags = PRESENT | (userVerified ? VERIFIED : 0) | further;
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([flags]), count]);
  }

  private clientData(type: string, challenge: string, { origin = this.origin, ...flaws }: Flaws): string {
    return text(
      Buffer.from(JSON.stringify({ type, challenge: flaws.challenge ?? challenge, origin, crossOrigin: false })),
    );
  }
}

/** RFC 9053: an EC2 key on P-256 for ES256. */
function coseOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const [head, middle] = [Buffer.from('a5010203262001215820', 'hex'), Buffer.from('225820', 'hex')];
  return Buffer.concat([head, Buffer.from(x, 'base64url'), middle, Buffer.from(y, 'base64url')]);
}

function text(bytes: Buffer): string {
  return bytes.toString('base64url');
}
