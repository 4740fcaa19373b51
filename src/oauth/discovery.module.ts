import { Module } from '@nestjs/common';
import { JwksController } from './jwks.controller';
import { MetadataController } from './metadata.controller';

/** What other services read before they trust a token. */
@Module({ controllers: [JwksController, MetadataController] })
export class DiscoveryModule {}
