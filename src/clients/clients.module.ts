import { Module } from '@nestjs/common';
import { ClientDirectory } from './client-directory.store';
import { ClientEnding } from './client-ending';
import { ClientRegistry } from './client-registry';
import { ClientVerifier } from './client-verifier';
import { ClientStore } from './client.store';

/** Resource servers and machines. */
@Module({
  providers: [ClientStore, ClientDirectory, ClientEnding, ClientRegistry, ClientVerifier],
  exports: [ClientStore, ClientDirectory, ClientRegistry, ClientVerifier],
})
export class ClientsModule {}
