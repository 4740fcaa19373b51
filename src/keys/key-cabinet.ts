import { Injectable } from '@nestjs/common';
import type { JwtAlgorithm } from '@latchkey/nest';
import type { KeyLife } from './key-life';
import { keyPairOf, newKeyBytes, newKeyId, type KeyPair } from './key-material';
import type { LockedSigningKeys, NewSigningKey } from './locked-signing-keys.store';
import { RootKeys } from './root-keys';
import { seal, unseal } from './sealed-box';
import { SigningKeyStore } from './signing-key.store';

const PURPOSE = 'signing-keys';

/** A key that was made and not kept yet. */
export type DraftKey = Pick<NewSigningKey, 'id' | 'algorithm' | 'configured' | 'sealed' | 'sealedBy'>;

/** Keeps the bytes of signing keys under seal, so that neither a dump nor a writer of the database can sign. */
@Injectable()
export class KeyCabinet {
  constructor(
    private readonly roots: RootKeys,
    private readonly store: SigningKeyStore,
  ) {}

  lives(): Promise<KeyLife[]> {
    return this.store.lives();
  }

  /** Runs `work` while no other process changes keys. */
  underLock<T>(work: (keys: LockedSigningKeys, lives: KeyLife[]) => Promise<T>): Promise<T> {
    return this.store.underLock(work);
  }

  async draft(algorithm: JwtAlgorithm): Promise<DraftKey> {
    return this.sealed(newKeyId(), algorithm, await newKeyBytes(algorithm), false);
  }

  draftOf({ signing: { id, algorithm, key } }: KeyPair): DraftKey {
    return this.sealed(id, algorithm, key.export(), true);
  }

  /** Both halves of each of these keys; those that the known root secrets do not open are left out. */
  async open(lives: readonly KeyLife[]): Promise<Map<string, KeyPair>> {
    if (lives.length === 0) return new Map();
    const known = new Map(lives.map((life) => [life.id, life]));
    const rows = await this.store.sealed([...known.keys()]);
    const opened = rows.map(({ id, sealed }) => [id, this.pairOf(known.get(id) as KeyLife, sealed)] as const);
    return new Map(opened.filter((entry): entry is readonly [string, KeyPair] => entry[1] !== null));
  }

  /** Seals anew, with the current root, what an earlier one sealed. */
  async reseal(): Promise<void> {
    const isOld = (life: KeyLife): boolean => life.retiredAt === null && life.sealedBy !== this.roots.currentId;
    if (!(await this.store.lives()).some(isOld)) return;
    await this.store.underLock(async (keys, lives) => {
      const old = new Map(lives.filter(isOld).map((life) => [life.id, life]));
      for (const { id, sealed } of await this.store.sealed([...old.keys()])) {
        const bytes = this.unsealed(old.get(id) as KeyLife, sealed);
        if (bytes) await keys.reseal(id, seal(this.roots.derive(PURPOSE), bytes, id), this.roots.currentId);
      }
    });
  }

  private sealed(id: string, algorithm: JwtAlgorithm, bytes: Buffer, configured: boolean): DraftKey {
    const sealed = seal(this.roots.derive(PURPOSE), bytes, id);
    return { id, algorithm, configured, sealed, sealedBy: this.roots.currentId };
  }

  private pairOf(life: KeyLife, sealed: Buffer): KeyPair | null {
    const bytes = this.unsealed(life, sealed);
    return bytes && keyPairOf(life.id, life.algorithm, bytes);
  }

  private unsealed({ id, sealedBy }: KeyLife, sealed: Buffer): Buffer | null {
    const key = this.roots.deriveWith(sealedBy, PURPOSE);
    return key && unseal(key, sealed, id);
  }
}
