import { Inject, Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import type { Queryable } from '../../database/database';
import { RootKeys } from '../../keys/root-keys';
import { seal, unseal } from '../../keys/sealed-box';
import type { UserRef } from '../user.store';
import { TotpStore, type SealedTotp } from './totp.store';

/** What an authenticator application needs. Told once. */
export interface TotpEnrolment {
  /** Base32. */
  readonly secret: string;
  /** `otpauth://`. */
  readonly uri: string;
  /** The same as a QR code, an SVG image. */
  readonly qr: string;
}

/** A code that is right, for a key that is not confirmed yet. */
export interface TotpConfirmation {
  readonly key: SealedTotp;
  readonly step: number;
}

const PURPOSE = 'totp';
/** Seconds. A code is taken in its own step and in the one after it, for clocks that lag and slow fingers. */
const TOLERANCE: [number, number] = [30, 0];
const CODE = /^\d{6}$/;
/** Milliseconds. */
const ENROL_WITHIN = 15 * 60_000;

/** Time-based one-time passwords, RFC 6238: six digits, 30 seconds, SHA-1, as authenticator applications expect. */
@Injectable()
export class Totp {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: TotpStore,
    private readonly roots: RootKeys,
    private readonly clock: Clock,
  ) {}

  /** Begins again where an enrolment was not finished. @throws AuthError `conflict` when the account has a key. */
  async begin(user: UserRef, label: string): Promise<TotpEnrolment> {
    const [{ generateSecret, generateURI }, { renderSVG }] = await Promise.all([import('otplib'), import('uqr')]);
    const secret = generateSecret();
    const sealed = seal(this.roots.derive(PURPOSE), Buffer.from(secret), contextOf(user));
    const key = { sealed, sealedBy: this.roots.currentId };
    if (!(await this.store.begin(user, key, this.clock.date()))) {
      throw new AuthError('conflict', 'An authenticator application is set up already; remove it first');
    }
    const uri = generateURI({ label, issuer: this.config.auth.mfa.issuer, secret });
    return { secret, uri, qr: renderSVG(uri, { border: 2 }) };
  }

  /** Null unless the code belongs to an enrolment that was begun a short time ago. */
  async confirms(user: UserRef, code: string): Promise<TotpConfirmation | null> {
    const key = await this.store.findBegun(user, new Date(this.clock.now() - ENROL_WITHIN));
    const step = key && (await this.stepOf(user, key, code));
    return key && step !== null ? { key, step } : null;
  }

  /** False when the key was confirmed or replaced meanwhile. */
  confirm(tx: Queryable, user: UserRef, { key, step }: TotpConfirmation): Promise<boolean> {
    return this.store.confirm(tx, user, { key, step, now: this.clock.date() });
  }

  /** True once for each time step: the statement decides, however many come at once. */
  async use(user: UserRef, code: string): Promise<boolean> {
    const key = await this.store.find(user, this.clock.date());
    const step = key && (await this.stepOf(user, key, code));
    return step !== null && this.store.useStep(user, step);
  }

  remove(tx: Queryable, user: UserRef): Promise<boolean> {
    return this.store.remove(tx, user);
  }

  private async stepOf(user: UserRef, { sealed, sealedBy }: SealedTotp, code: string): Promise<number | null> {
    if (!CODE.test(code)) return null;
    const root = this.roots.deriveWith(sealedBy, PURPOSE);
    const secret = root && unseal(root, sealed, contextOf(user));
    if (!secret)
      throw new AuthError('unavailable', 'The code cannot be checked', { detail: `root key ${sealedBy} is gone` });
    const { verify } = await import('otplib');
    const epoch = Math.floor(this.clock.now() / 1000);
    const result = await verify({ secret: secret.toString(), token: code, epoch, epochTolerance: TOLERANCE });
    return result.valid && 'timeStep' in result ? result.timeStep : null;
  }
}

function contextOf({ tenantId, userId }: UserRef): string {
  return `totp/${tenantId}/${userId}`;
}
