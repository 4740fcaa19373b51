import { Module } from '@nestjs/common';
import { ClientsModule } from '../clients/clients.module';
import { ClientCredentials } from './client-credentials.service';
import { FeedController } from './feed.controller';
import { FeedCursors } from './feed-cursors';
import { FeedReader } from './feed-reader';
import { FeedStreams } from './feed-streams';
import { TokenIntrospection } from './introspection.service';
import { TokenController } from './token.controller';
import { TokenRevocation } from './token-revocation.service';

/** `/oauth`: what resource servers and machines need of this service. */
@Module({
  imports: [ClientsModule],
  controllers: [TokenController, FeedController],
  providers: [ClientCredentials, FeedCursors, FeedReader, FeedStreams, TokenIntrospection, TokenRevocation],
})
export class OAuthModule {}
