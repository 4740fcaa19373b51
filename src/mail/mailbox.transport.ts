import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import type { WrittenLetter } from './letter';
import { MailTransport } from './mail-transport';

const MOST = 200;

export interface ReceivedLetter extends WrittenLetter {
  readonly receivedAt: Date;
}

/** Keeps the latest letters in memory, for developers who have no mail server. */
@Injectable()
export class MailboxTransport extends MailTransport {
  private readonly letters: ReceivedLetter[] = [];

  constructor(private readonly clock: Clock) {
    super();
  }

  /** Newest first. */
  list(): readonly ReceivedLetter[] {
    return this.letters;
  }

  find(id: string): ReceivedLetter | null {
    return this.letters.find((letter) => letter.id === id) ?? null;
  }

  override async send(letter: WrittenLetter): Promise<void> {
    this.letters.unshift({ ...letter, receivedAt: this.clock.date() });
    this.letters.splice(MOST);
  }

  override close(): void {}
}
