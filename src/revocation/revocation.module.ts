import { RevocationMirror } from '@latchkey/nest';
import { Global, Module } from '@nestjs/common';
import { RevocationFeed } from './revocation-feed';
import { RevocationStore } from './revocation.store';

/** The revocation feed of this process. */
@Global()
@Module({
  providers: [RevocationStore, RevocationMirror, RevocationFeed],
  exports: [RevocationStore, RevocationMirror, RevocationFeed],
})
export class RevocationModule {}
