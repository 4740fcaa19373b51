import { Module } from '@nestjs/common';
import { AuthModule, auto, introspection, jwks, type VerifierRecipe } from '@latchkey/nest';
import { NotesController } from './notes.controller.js';

const { LATCHKEY_URL = 'http://localhost:4000', AUDIENCE = 'latchkey-api', VERIFIER = 'auto' } = process.env;
const { CLIENT_ID = '', CLIENT_SECRET = '', ON_LOSS, MAX_STALENESS = '30000' } = process.env;

const service = {
  url: LATCHKEY_URL,
  audience: AUDIENCE,
  client: { id: CLIENT_ID, secret: CLIENT_SECRET },
};
const feed = {
  onLoss: ON_LOSS === 'fail_closed' ? ('fail_closed' as const) : ('bounded_staleness' as const),
  maxStaleness: Number(MAX_STALENESS),
};

const VERIFIERS: Record<string, () => VerifierRecipe> = {
  auto: () => auto({ ...service, feed }),
  jwks: () => jwks({ ...service, feed }),
  introspection: () => introspection(service),
};

@Module({
  imports: [
    AuthModule.forRootAsync({
      useFactory: () => {
        const verifier = VERIFIERS[VERIFIER];
        if (!verifier) throw new Error(`VERIFIER must be one of ${Object.keys(VERIFIERS).join(', ')}`);
        return {
          verifier: verifier(),
          hooks: {
            onCrossUserAttempt: ({ kind, principal }) => console.warn(`${principal.userId} asked for another ${kind}`),
          },
        };
      },
    }),
  ],
  controllers: [NotesController],
})
export class AppModule {}
