import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AccessTokenVerifier } from './access-token-verifier';

/** Starts and stops the verifier with the application. */
@Injectable()
export class VerifierLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly verifier: AccessTokenVerifier) {}

  async onModuleInit(): Promise<void> {
    await this.verifier.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.verifier.stop();
  }
}
