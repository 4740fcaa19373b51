import { RevocationMirror } from '@latchkey/nest';
import { Global, Module } from '@nestjs/common';
import { RevocationFeed } from './revocation-feed';
import { RevocationPages } from './revocation-pages.store';
import { RevocationStore } from './revocation.store';

/** The revocation feed of this process. */
@Global()
@Module({
  providers: [RevocationStore, RevocationMirror, RevocationFeed, RevocationPages],
  exports: [RevocationStore, RevocationMirror, RevocationFeed, RevocationPages],
})
export class RevocationModule {}
