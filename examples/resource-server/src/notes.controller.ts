import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import {
  Auth,
  AuthContextService,
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

/** Runs unchanged in the service itself and in any application that verifies its tokens. */
@RequireAuth()
@Controller('notes')
export class NotesController {
  constructor(private readonly auth: AuthContextService) {}

  @Get()
  mine(@UserId() userId: string, @TenantId() tenantId: string, @CurrentUser() user: Principal) {
    return { userId, tenantId, user };
  }

  @Public()
  @Get('about')
  about() {
    return { open: true };
  }

  @OptionalAuth()
  @Get('hello')
  hello(@CurrentUser() user: Principal | null) {
    return { hello: user?.email ?? 'stranger' };
  }

  @Roles('admin')
  @Get('all')
  all() {
    return { askedBy: this.auth.mustGetUserId() };
  }

  @Get('how')
  how(
    @Auth() auth: AuthContext,
    @JwtClaims() claims: AccessTokenClaims | null,
    @CurrentSession() session: SessionFacts | null,
  ) {
    const jwt = this.auth.isJwtMode();
    const sessionId = jwt ? this.auth.mustGetClaims()['sid'] : this.auth.mustGetSession().id;
    return {
      jwt,
      sessionId,
      sid: auth.sessionId,
      jti: claims?.jti ?? null,
      session: session?.id ?? null,
      amr: auth.amr,
    };
  }

  @Get('of-user/:id')
  ofUser(@Param('id') id: string) {
    this.auth.mustBeUser(id, 'auditor');
    return { of: id };
  }

  @Get('of-tenant/:id')
  ofTenant(@Param('id') id: string) {
    this.auth.mustBeTenant(id);
    return { of: id };
  }

  @Post()
  async write(@Body() note: { text: string }) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { text: note.text, by: this.auth.mustGetUserId() };
  }
}
