import { Module } from '@nestjs/common';
import { ClientEnding } from './client-ending';
import { ClientRegistry } from './client-registry';
import { ClientVerifier } from './client-verifier';
import { ClientStore } from './client.store';

/** Resource servers and machines. */
@Module({
  providers: [ClientStore, ClientEnding, ClientRegistry, ClientVerifier],
  exports: [ClientStore, ClientRegistry, ClientVerifier],
})
export class ClientsModule {}
