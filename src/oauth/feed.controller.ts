import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { z } from 'zod';
import type { Client } from '../clients/client';
import { ForClients, OAuthClient, OAuthRoute } from './client.guard';
import { FeedReader } from './feed-reader';
import { FeedStreams } from './feed-streams';
import { ApiOAuthOperation } from './oauth.openapi';
import { feedResponse } from './oauth.responses';

const feedQuery = z.strictObject({ since: z.string().min(1).max(512).optional() });
type FeedQuery = z.infer<typeof feedQuery>;

interface Reply {
  header(name: string, value: string): unknown;
}

/** The revocation feed, for services that judge tokens themselves. */
@ForClients()
@Controller('oauth/revocations')
export class FeedController {
  constructor(
    private readonly reader: FeedReader,
    private readonly streams: FeedStreams,
  ) {}

  @Get()
  @OAuthRoute({ form: false })
  @ApiOAuthOperation('revocations')
  async page(@OAuthClient() client: Client, @Query({ schema: feedQuery }) { since }: FeedQuery) {
    return feedResponse(await this.reader.read(client, this.reader.positionOf(client, since)));
  }

  @Get('stream')
  @OAuthRoute({ form: false })
  @ApiOAuthOperation('revocationStream')
  async stream(
    @OAuthClient() client: Client,
    @Query({ schema: feedQuery }) { since }: FeedQuery,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() { method }: { method: string },
    @Res({ passthrough: true }) reply: Reply,
  ) {
    // The answer to a HEAD request would be read to its end, and a stream has none.
    if (method !== 'GET') throw new AuthError('method_not_allowed', 'A stream can only be read');
    const from = this.reader.positionOf(client, lastEventId ?? since);
    const stream = await this.streams.connect(client, from);
    reply.header('Content-Type', 'text/event-stream; charset=utf-8');
    // Proxies that collect answers before they pass them on would hold every event back.
    reply.header('X-Accel-Buffering', 'no');
    return stream;
  }
}
