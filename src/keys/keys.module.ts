import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../config/config';
import { KeyCabinet } from './key-cabinet';
import { KeyChanges } from './key-changes.service';
import { KeyKeeper } from './key-keeper';
import { KeyRing } from './key-ring';
import { RootKeys } from './root-keys';
import { keepRootSecret } from './root-secret.file';
import { SigningKeyStore } from './signing-key.store';
import { TokenSigner } from './token-signer';

/** The root secret and everything derived from it or sealed by it. Reads keys and makes none by itself. */
@Global()
@Module({})
export class KeysModule {
  static forRoot(config: Config): DynamicModule {
    const secret = config.auth.secret ?? keepRootSecret(config.dataDir);
    const roots = new RootKeys(secret, config.auth.previousSecrets);
    return {
      module: KeysModule,
      providers: [
        { provide: RootKeys, useValue: roots },
        SigningKeyStore,
        KeyCabinet,
        KeyRing,
        TokenSigner,
        KeyChanges,
      ],
      exports: [RootKeys, KeyCabinet, KeyRing, TokenSigner, KeyChanges],
    };
  }
}

/** Keys come and go by themselves, for as long as the service runs. */
@Module({ providers: [KeyKeeper], exports: [KeyKeeper] })
export class KeyKeepingModule {}
