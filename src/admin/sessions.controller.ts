import { Body, Delete, Get, Param } from '@nestjs/common';
import { AdminController } from './admin-controller.decorator';
import type { AdminScope } from './admin-scope';
import { AdminSessions } from './admin-sessions.service';
import { Scope } from './admin.guard';
import { AdminOperation } from './admin.openapi';
import { sessionResponse } from './admin.responses';
import * as schemas from './admin.schemas';
import { Dangerous } from './dangerous.decorator';

/** The logins of an account. */
@AdminController('users/:id/sessions')
export class AdminSessionsController {
  constructor(private readonly sessions: AdminSessions) {}

  @Get()
  @AdminOperation('listUserSessions')
  async list(@Scope() scope: AdminScope, @Param('id', { schema: schemas.id }) id: string) {
    return { sessions: (await this.sessions.list(scope, id)).map(sessionResponse) };
  }

  @Delete(':session_id')
  @AdminOperation('revokeUserSession')
  async end(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Param('session_id', { schema: schemas.id }) sessionId: string,
    @Body({ schema: schemas.optionalReasonBody }) body: schemas.OptionalReasonBody,
  ): Promise<void> {
    await this.sessions.end(scope, id, sessionId, body?.reason);
  }

  @Delete()
  @AdminOperation('revokeUserSessions')
  @Dangerous()
  async endAll(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.reasonBody }) { reason }: schemas.ReasonBody,
  ): Promise<void> {
    await this.sessions.endAll(scope, id, reason);
  }
}
