import type { BreachedPasswords } from './breached-passwords';

/** The list that the configuration names, for as long as the process lives. */
export class BreachedList {
  constructor(
    /** Null: none is asked. */
    readonly list: BreachedPasswords | null,
  ) {}

  async onModuleDestroy(): Promise<void> {
    await this.list?.close?.();
  }
}
