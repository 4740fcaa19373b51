import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { Config } from '../config/config';

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
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), { useGlobalPrefix: true });
}
