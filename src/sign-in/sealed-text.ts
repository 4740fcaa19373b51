import { Clock } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import { RootKeys } from '../keys/root-keys';
import { seal, unseal } from '../keys/sealed-box';

const PURPOSE = 'browser_cookie';

/** What others carry for us for a while: they can neither read nor change it, nor give it another name. */
@Injectable()
export class SealedTexts {
  constructor(
    private readonly roots: RootKeys,
    private readonly clock: Clock,
  ) {}

  /** Of the characters of base64url and one dot. It is understood for `life` milliseconds. */
  seal(name: string, payload: object, life: number): string {
    const text = JSON.stringify({ until: this.clock.now() + life, payload });
    const box = seal(this.roots.derive(PURPOSE), Buffer.from(text), name);
    return `${this.roots.currentId}.${box.toString('base64url')}`;
  }

  /** Null for what was changed, has expired, or was sealed under another name or with a root that is not known. */
  open(name: string, text: string): unknown {
    const dot = text.indexOf('.');
    const key = dot < 0 ? null : this.roots.deriveWith(text.slice(0, dot), PURPOSE);
    const box = Buffer.from(text.slice(dot + 1), 'base64url');
    // One spelling for one value.
    if (!key || box.toString('base64url') !== text.slice(dot + 1)) return null;
    const plain = unseal(key, box, name);
    if (!plain) return null;
    const { until, payload } = JSON.parse(plain.toString('utf8')) as { until: number; payload: unknown };
    return until > this.clock.now() ? payload : null;
  }
}
