import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { Auth, RequireAuth, type AuthContext } from '@latchkey/nest';
import { WithinTenant } from '../sign-in/within-tenant';
import { ApiAuthOperation } from './auth.openapi';
import { sessionResponse } from './auth.responses';
import * as schemas from './auth.schemas';
import { SessionDirectory } from './session-directory';
import { SessionEndings } from './session-endings';

/** A person's own sessions. */
@RequireAuth()
@WithinTenant()
@Controller('auth/sessions')
export class SessionsController {
  constructor(
    private readonly directory: SessionDirectory,
    private readonly endings: SessionEndings,
  ) {}

  @Get()
  @ApiAuthOperation('listSessions')
  async list(@Auth() auth: AuthContext) {
    const sessions = await this.directory.list(auth);
    return { sessions: sessions.map((session) => sessionResponse(session, auth.sessionId)) };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiAuthOperation('revokeSession')
  async revoke(@Auth() auth: AuthContext, @Param('id', { schema: schemas.sessionId }) id: string): Promise<void> {
    await this.endings.end(auth, id);
  }

  @Delete()
  @HttpCode(204)
  @ApiAuthOperation('revokeAllSessions')
  async revokeAll(
    @Auth() auth: AuthContext,
    @Query({ schema: schemas.revokeQuery }) query: schemas.RevokeQuery,
  ): Promise<void> {
    await this.endings.endAll(auth, query.except === 'current');
  }
}
