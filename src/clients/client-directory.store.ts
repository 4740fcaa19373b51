import { Injectable } from '@nestjs/common';
import { Database } from '../database/database';
import type { ListedClient } from './client';
import { listedOf, type ListedRow } from './client.store';
import { PAGE } from './client.sql.store';

export interface ClientQuery {
  /** Clients bound to this tenant and to no other; null: all. */
  readonly onlyOf: string | null;
  /** The last client of the page before. */
  readonly after?: { readonly createdAt: Date; readonly id: string };
  readonly limit: number;
}

/** What administrators ask about clients. */
@Injectable()
export class ClientDirectory {
  constructor(private readonly database: Database) {}

  /** Oldest first. */
  async page({ onlyOf, after, limit }: ClientQuery, now: Date): Promise<ListedClient[]> {
    const values = [now, onlyOf, after?.createdAt ?? null, after?.id ?? null, limit];
    return (await this.database.rows<ListedRow>(PAGE, values)).map(listedOf);
  }
}
