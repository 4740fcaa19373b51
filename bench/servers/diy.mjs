// The usual do-it-yourself: Nest on Express, @nestjs/passport, passport-jwt.
import { createPublicKey, createSecretKey } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { report } from './lifecycle.mjs';
import { WhoamiModule } from './whoami.mjs';

const { BENCH_ALGORITHM: algorithm = 'HS256', BENCH_SECRET: secret, BENCH_PUBLIC_KEY: pem } = process.env;
const symmetric = algorithm === 'HS256';
const key = symmetric ? createSecretKey(Buffer.from(secret)) : createPublicKey(pem);
const given = { secretOrKey: symmetric ? secret : pem };
const better = { secretOrKeyProvider: (_request, _token, done) => done(null, key) };

class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor() {
    const how = process.env.BENCH_SECRET_AS === 'key' ? better : given;
    super({ ...how, jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), algorithms: [algorithm] });
  }

  validate({ user_id: userId, tenant_id: tenantId }) {
    return { userId, tenantId };
  }
}

class DiyModule {}
Module({ imports: [WhoamiModule], providers: [JwtStrategy] })(DiyModule);

const app = await NestFactory.create(DiyModule, new ExpressAdapter(), { logger: ['error'] });
app.useGlobalGuards(new (AuthGuard('jwt'))());
await app.listen(0, '127.0.0.1');
report(app.getHttpServer(), () => app.close());
