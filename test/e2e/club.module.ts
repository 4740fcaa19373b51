import { Controller, Get, HttpException, Module, Post, Query } from '@nestjs/common';
import {
  Auth,
  AuthContextService,
  AuthError,
  CurrentSession,
  CurrentUser,
  JwtClaims,
  OptionalAuth,
  Public,
  RequireAuth,
  Roles,
  TenantId,
  UserId,
  type AccessTokenClaims,
  type AuthContext,
  type Principal,
  type SessionFacts,
} from '@latchkey/nest';
import { randomInt } from 'node:crypto';
import { setImmediate as immediately, setTimeout as sleep } from 'node:timers/promises';

/** Who acted, as seen by work that went on after the answer. */
export const seenAfterwards: { asked: string; seen: string | null }[] = [];

/** An application's own routes, closed unless opened. */
@Controller('club')
export class ClubController {
  constructor(private readonly auth: AuthContextService) {}

  @Get('undecorated')
  undecorated() {
    return { entered: true };
  }

  @Public()
  @Get('public')
  open(@Auth() auth: AuthContext | null) {
    return { auth, found: this.auth.find() };
  }

  @OptionalAuth()
  @Get('optional')
  optional(@UserId() userId: string | null, @CurrentUser() user: Principal | null) {
    return { userId, user, found: this.auth.find()?.principal.userId ?? null };
  }

  @Roles('admin')
  @Get('admin')
  admin() {
    return { entered: true };
  }

  @Roles('editor', 'admin')
  @Get('either')
  either() {
    return { entered: true };
  }

  @Get('parameters')
  parameters(
    @Auth() auth: AuthContext,
    @CurrentUser() user: Principal,
    @UserId() userId: string,
    @TenantId() tenantId: string,
    @CurrentSession() session: SessionFacts | null,
    @JwtClaims() claims: AccessTokenClaims | null,
  ) {
    return { mode: auth.mode, user, userId, tenantId, session, claims };
  }

  @Get('musts')
  musts() {
    return {
      jwt: this.auth.isJwtMode(),
      principal: this.auth.mustGetPrincipal(),
      userId: this.auth.mustGetUserId(),
      tenantId: this.auth.mustGetTenantId(),
      same: this.auth.mustGet() === this.auth.find(),
    };
  }

  @Get('claims')
  claims() {
    return this.auth.mustGetClaims();
  }

  @Get('session')
  session() {
    return this.auth.mustGetSession();
  }

  @Public()
  @Get('must')
  must(@Query('what') what: string) {
    if (what === 'user') return this.auth.mustGetUserId();
    if (what === 'tenant') return this.auth.mustGetTenantId();
    if (what === 'claims') return this.auth.mustGetClaims();
    if (what === 'session') return this.auth.mustGetSession();
    return { jwt: this.auth.isJwtMode() };
  }

  @Get('journey')
  journey(@UserId() userId: string) {
    return this.wander(userId);
  }

  @Post('journey')
  journeyWithBody(@UserId() userId: string) {
    return this.wander(userId);
  }

  @Get('broken')
  broken() {
    throw new Error('secret detail from inside');
  }

  @Get('teapot')
  teapot() {
    throw new HttpException('secret detail from inside', 418);
  }

  @Get('conflict')
  conflict() {
    throw new AuthError('conflict', 'There is one already', { detail: 'secret detail from inside' });
  }

  /** Who is acting, after every kind of pause. */
  private async wander(userId: string): Promise<{ userId: string; seen: (string | null)[] }> {
    const seen: (string | null)[] = [this.now()];
    await Promise.resolve();
    seen.push(this.now());
    await sleep(randomInt(20));
    seen.push(this.now());
    await immediately();
    seen.push(...(await Promise.all([this.later(1), this.later(5)])));
    await new Promise<void>((resolve) => process.nextTick(() => queueMicrotask(resolve)));
    seen.push(this.now());
    setTimeout(() => seenAfterwards.push({ asked: userId, seen: this.now() }), 30);
    return { userId, seen };
  }

  private async later(milliseconds: number): Promise<string | null> {
    await sleep(milliseconds);
    return this.now();
  }

  private now(): string | null {
    return this.auth.find()?.principal.userId ?? null;
  }
}

/** Open as a whole, with some rooms that are not. */
@Public()
@Controller('lobby')
export class LobbyController {
  @Get('open')
  open() {
    return { entered: true };
  }

  @RequireAuth()
  @Get('closed')
  closed() {
    return { entered: true };
  }

  @Roles('admin')
  @Get('admin')
  admin() {
    return { entered: true };
  }

  @OptionalAuth()
  @Get('optional')
  optional() {
    return { entered: true };
  }
}

/** For administrators as a whole, with some rooms that are not. */
@Roles('admin')
@Controller('office')
export class OfficeController {
  @Get('desk')
  desk() {
    return { entered: true };
  }

  @Public()
  @Get('door')
  door() {
    return { entered: true };
  }

  @Roles('editor')
  @Get('editors')
  editors() {
    return { entered: true };
  }

  @RequireAuth()
  @Get('again')
  again() {
    return { entered: true };
  }
}

@Module({ controllers: [ClubController, LobbyController, OfficeController] })
export class ClubModule {}
