import { createHash } from 'node:crypto';
import { AuthError } from '@latchkey/nest';
import type { EventLog } from '../../common/event-log';
import type { BreachedPasswords } from './breached-passwords';
import { knownWords, type PasswordOwner } from './password-inputs';
import { assertHashable, isLongEnough } from './password-rules';
import type { PasswordStrength } from './password-strength';
import {
  breachedText,
  passwordLanguage,
  shortText,
  weakText,
  type PasswordRefusal,
  type RefusalText,
} from './password-texts';

export type { PasswordOwner } from './password-inputs';

export interface PasswordPolicySettings {
  /** Code points. */
  readonly minLength: number;
  /** 0 to 4; 0 takes any. */
  readonly minStrength: number;
  /** Words that stand for the service itself. */
  readonly serviceWords: readonly string[];
}

/** Says whether somebody may have a new password. Passwords that exist already are never judged again. */
export class PasswordPolicy {
  constructor(
    private readonly settings: PasswordPolicySettings,
    private readonly strength: PasswordStrength,
    /** Null: nothing is known of breaches. */
    private readonly breaches: BreachedPasswords | null,
    private readonly events: EventLog,
  ) {}

  /**
   * `acceptLanguage` is the header as it was sent; it decides between English and Portuguese.
   *
   * @throws AuthError `weak_password` with a `reason` of `too_short`, `too_weak` or `breached`; `validation_failed`;
   * `overloaded` and `unavailable` when the strength cannot be judged.
   */
  async assertAcceptable(password: string, owner: PasswordOwner = {}, acceptLanguage?: string): Promise<void> {
    const { minLength, minStrength, serviceWords } = this.settings;
    const language = passwordLanguage(acceptLanguage);
    assertHashable(password);
    if (!isLongEnough(password, minLength)) throw this.refuse('too_short', shortText(language, minLength));
    if (minStrength > 0) {
      const inputs = knownWords(owner, serviceWords);
      const strength = await this.strength.judge({ password, inputs, language });
      if (strength.score < minStrength) throw this.refuse('too_weak', weakText(language, strength));
    }
    if (await this.isBreached(password)) throw this.refuse('breached', breachedText(language));
  }

  /** A list that cannot be asked refuses nobody: the event is what an operator counts. */
  private async isBreached(password: string): Promise<boolean> {
    if (!this.breaches) return false;
    try {
      return await this.breaches.includes(createHash('sha1').update(password, 'utf8').digest());
    } catch (error) {
      this.events.record('breach_check_failed', { reason: failureName(error) });
      return false;
    }
  }

  private refuse(reason: PasswordRefusal, { sentence, field }: RefusalText): AuthError {
    this.events.record('password_refused', { reason });
    const errors = [{ pointer: '/password', message: field }];
    return new AuthError('weak_password', sentence, { errors, extensions: { reason } });
  }
}

function failureName(error: unknown): string {
  const { name, code } = Object(error) as { name?: string; code?: string };
  return name === 'TimeoutError' ? 'timeout' : (code ?? 'unreadable');
}
