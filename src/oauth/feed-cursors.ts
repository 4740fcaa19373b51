import { Injectable } from '@nestjs/common';
import { RootKeys } from '../keys/root-keys';
import { seal, unseal } from '../keys/sealed-box';
import type { FeedPosition } from '../revocation/revocation-pages.store';

const PURPOSE = 'feed-cursor';
const CURSOR = /^([\w-]{1,16})\.([\w-]{1,200})$/;
const POSITION = /^(\d{1,20}) (\d{1,19}) (\d{1,20})?$/;

/** Places in the feed as clients hold them: sealed, so that nobody makes one up, and each good for its client alone. */
@Injectable()
export class FeedCursors {
  constructor(private readonly roots: RootKeys) {}

  seal(clientId: string, { transaction, id, next }: FeedPosition): string {
    const plain = Buffer.from(`${transaction} ${id} ${next ?? ''}`);
    const box = seal(this.roots.derive(PURPOSE), plain, clientId);
    return `${this.roots.currentId}.${box.toString('base64url')}`;
  }

  /** Null for anything that was not sealed for this client. */
  open(clientId: string, cursor: string): FeedPosition | null {
    const [, keyId = '', box = ''] = CURSOR.exec(cursor) ?? [];
    const key = this.roots.deriveWith(keyId, PURPOSE);
    const bytes = Buffer.from(box, 'base64url');
    // One spelling each: the decoder passes over what is left at the end.
    const plain = key && bytes.toString('base64url') === box ? unseal(key, bytes, clientId) : null;
    const [, transaction, id, next] = POSITION.exec(plain?.toString() ?? '') ?? [];
    if (transaction === undefined || id === undefined) return null;
    return { transaction, id, next: next ?? null };
  }
}
