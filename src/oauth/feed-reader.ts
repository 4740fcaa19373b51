import { AuthError, type Revocation } from '@latchkey/nest';
import { Injectable } from '@nestjs/common';
import type { Client } from '../clients/client';
import { Clock } from '../common/clock';
import { FEED_START, RevocationPages, type FeedPosition } from '../revocation/revocation-pages.store';
import { FeedCursors } from './feed-cursors';

/** A part of the feed, as it is sent to one client. */
export interface FeedPart {
  readonly revocations: readonly Revocation[];
  readonly cursor: string;
  readonly complete: boolean;
}

const PAGE = 500;

/** The feed as one client may see it: its tenants, and what concerns everyone. */
@Injectable()
export class FeedReader {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly pages: RevocationPages,
    private readonly cursors: FeedCursors,
    private readonly clock: Clock,
  ) {}

  /** Where the cursor points; without one, at everything that is live. @throws AuthError `validation_failed` */
  positionOf(client: Client, cursor: string | undefined): FeedPosition {
    const position = cursor === undefined ? FEED_START : this.cursors.open(client.id, cursor);
    return position ?? unknownCursor();
  }

  /** @throws AuthError `validation_failed` for a position of another database */
  async read(client: Client, from: FeedPosition): Promise<FeedPart> {
    const page = (await this.page(client, from)) ?? unknownCursor();
    return this.part(client, page.revocations, page);
  }

  /** The next page for a stream: one at a time, so that a thousand streams that come back leave connections to others. */
  pageInTurn(client: Client, from: FeedPosition): ReturnType<RevocationPages['read']> {
    const page = this.turn.then(() => this.page(client, from));
    this.turn = page.catch(() => undefined);
    return page;
  }

  part(
    client: Client,
    revocations: readonly Revocation[],
    at: { position: FeedPosition; complete: boolean },
  ): FeedPart {
    return { revocations, cursor: this.cursors.seal(client.id, at.position), complete: at.complete };
  }

  private page({ tenants }: Client, from: FeedPosition): ReturnType<RevocationPages['read']> {
    const tenantIds = tenants === 'all' ? null : tenants;
    return this.pages.read(from, { tenantIds, now: this.clock.date(), limit: PAGE });
  }
}

function unknownCursor(): never {
  throw new AuthError('validation_failed', 'The cursor is not one of this feed: begin without one');
}
