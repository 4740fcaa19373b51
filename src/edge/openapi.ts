import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { Config } from '../config/config';

/** The page needs its own scripts and styles, and nothing from anywhere else. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:";

/** `/docs`: the API's description and a page to try it, served from this process alone. */
export function serveOpenApi(app: NestFastifyApplication, config: Config): void {
  const description = new DocumentBuilder()
    .setTitle('Latchkey')
    .setDescription('Sign in, be recognised, stay signed in, be signed out. Errors are problem documents (RFC 9457).')
    .setVersion('1')
    .addServer(config.server.publicUrl)
    .addBearerAuth()
    .addBasicAuth(undefined, 'client')
    .build();
  const path = `${config.server.basePath}/docs`;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, reply, done) => {
      if (request.url.startsWith(path)) void reply.header('Content-Security-Policy', PAGE_POLICY);
      done();
    });
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), { useGlobalPrefix: true });
}
