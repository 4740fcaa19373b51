import { randomBytes } from 'node:crypto';
import { AuthError } from '@latchkey/nest';
import type { EventLog } from '../../common/event-log';
import type { Logger } from '../../common/logger';
import { inSpan } from '../../common/tracing';
import type { HashingLane } from '../../protection/hashing-lane';
import { hashWith, isCurrent, matches, type PasswordSettings } from './password-algorithms';
import { assertHashable } from './password-rules';
import { parseStoredHash, type StoredHash } from './stored-hash';

type Purpose = 'verify' | 'store' | 'upgrade';

/** Hashes and compares passwords, each time through the bounded lane. Never call it while holding a database connection. */
export class PasswordHasher {
  private dummy?: Promise<StoredHash>;

  constructor(
    private readonly lane: HashingLane,
    private readonly settings: PasswordSettings,
    private readonly events: EventLog,
    private readonly logger: Logger,
  ) {}

  /** Makes the dummy hash in the background, so that the first unknown user costs no more than the second. */
  onModuleInit(): void {
    this.dummyHash().catch((error: unknown) =>
      this.logger.warn({ err: error }, 'the dummy password hash was not made'),
    );
  }

  /** A new hash with the current settings. */
  async hash(password: string, purpose: 'store' | 'upgrade' = 'store'): Promise<string> {
    assertHashable(password);
    const salt = randomBytes(this.settings.argon2id.saltLength);
    return this.inLane(purpose, this.settings.algorithm, () => hashWith(this.settings, password, salt));
  }

  /** True when the password made the stored hash. Null and unreadable hashes are false, at the cost of a real comparison. */
  async verify(password: string, storedHash: string | null): Promise<boolean> {
    assertHashable(password);
    const stored = storedHash === null ? null : parseStoredHash(storedHash);
    if (stored) return this.compare(stored, password);
    if (storedHash !== null) this.logger.error('a stored password hash cannot be read; its user cannot sign in');
    await this.compare(await this.dummyHash(), password);
    return false;
  }

  /** True when the stored hash differs from the settings in its algorithm or in any parameter. */
  needsUpgrade(storedHash: string): boolean {
    const stored = parseStoredHash(storedHash);
    return stored === null || !isCurrent(stored, this.settings);
  }

  private compare(stored: StoredHash, password: string): Promise<boolean> {
    const algorithm = stored.algorithm === 'argon2' ? stored.variant : stored.algorithm;
    return this.inLane('verify', algorithm, () => matches(stored, password));
  }

  private inLane<T>(purpose: Purpose, algorithm: string, work: () => Promise<T>): Promise<T> {
    const facts = { 'latchkey.purpose': purpose, 'latchkey.algorithm': algorithm };
    return inSpan('latchkey.password.hash', facts, () => this.measured(purpose, algorithm, work));
  }

  private async measured<T>(purpose: Purpose, algorithm: string, work: () => Promise<T>): Promise<T> {
    const { value, queuedMs, durationMs } = await this.lane.run(() => work().catch(unavailable));
    this.events.record('password_hashed', {
      purpose,
      algorithm,
      queuedMs: round(queuedMs),
      durationMs: round(durationMs),
    });
    return value;
  }

  private dummyHash(): Promise<StoredHash> {
    this.dummy ??= this.makeDummy().catch((error: unknown) => {
      this.dummy = undefined;
      throw error;
    });
    return this.dummy;
  }

  private async makeDummy(): Promise<StoredHash> {
    const encoded = await this.hash(randomBytes(32).toString('base64url'));
    const stored = parseStoredHash(encoded);
    if (!stored) throw new Error('the password library made a hash that cannot be read');
    return stored;
  }
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

// A hash that could not be computed (no memory left) says nothing about the password.
function unavailable(cause: unknown): never {
  throw new AuthError('unavailable', 'Signing in is not possible at the moment', { cause, retryAfter: 1 });
}
