import type { WrittenLetter } from './letter';

/** Hands letters over, to a server or to whoever looks at them. */
export abstract class MailTransport {
  /** Resolves when the letter is taken. @throws MailRefused */
  abstract send(letter: WrittenLetter): Promise<void>;
  /** Nothing can be sent afterwards; what is under way may fail. */
  abstract close(): void;
}

/** A letter was not taken. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';

  constructor(
    /** A code without anybody's address, such as `ECONNECTION` or `EENVELOPE 550`. */
    readonly reason: string,
    /** True when it will not be taken later either. */
    readonly forGood: boolean,
    cause: unknown,
  ) {
    super(reason, { cause });
  }
}
