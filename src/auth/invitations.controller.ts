import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Public } from '@latchkey/nest';
import { Limited } from '../protection/limit.guard';
import { ApiAuthOperation } from './auth.openapi';
import { invitationResponse } from './auth.responses';
import { InvitationAcceptance } from './invitation-acceptance';
import * as schemas from './recovery.schemas';

/** Joining a tenant by invitation. Only the code opens these routes. */
@Public()
@Limited('recovery')
@Controller('auth/invitations')
export class InvitationsController {
  constructor(private readonly invitations: InvitationAcceptance) {}

  @Post('show')
  @HttpCode(200)
  @ApiAuthOperation('showInvitation')
  async show(@Body({ schema: schemas.codeBody }) { token }: schemas.CodeBody) {
    return invitationResponse(await this.invitations.show(token));
  }

  @Post('accept')
  @HttpCode(201)
  @ApiAuthOperation('acceptInvitation')
  async accept(@Body({ schema: schemas.acceptInvitationBody }) body: schemas.AcceptInvitationBody) {
    const { userId, tenantId } = await this.invitations.accept(body);
    return { user: { id: userId, tenant_id: tenantId } };
  }
}
