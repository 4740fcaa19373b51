import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../config/config';
import { KeyRing } from './key-ring';
import { RootKeys } from './root-keys';
import { keepRootSecret } from './root-secret.file';
import { SigningKeyStore } from './signing-key.store';
import { TokenSigner } from './token-signer';

/** The root secret and everything derived from it or sealed by it. */
@Global()
@Module({})
export class KeysModule {
  static forRoot(config: Config): DynamicModule {
    const secret = config.auth.secret ?? keepRootSecret(config.dataDir);
    const roots = new RootKeys(secret, config.auth.previousSecrets);
    return {
      module: KeysModule,
      providers: [{ provide: RootKeys, useValue: roots }, SigningKeyStore, KeyRing, TokenSigner],
      exports: [RootKeys, KeyRing, TokenSigner],
    };
  }
}
