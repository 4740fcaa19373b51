import { Body, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { AdminController } from './admin-controller.decorator';
import type { AdminScope } from './admin-scope';
import { Scope } from './admin.guard';
import { AdminOperation } from './admin.openapi';
import { invitationResponse, pageResponse } from './admin.responses';
import * as schemas from './admin.schemas';
import { Dangerous } from './dangerous.decorator';
import { AdminInvitations } from './invitations.service';

/** Invitations to a tenant. */
@AdminController('invitations')
export class AdminInvitationsController {
  constructor(private readonly invitations: AdminInvitations) {}

  @Get()
  @AdminOperation('listInvitations')
  async list(@Scope() scope: AdminScope, @Query({ schema: schemas.tenantPageQuery }) query: schemas.TenantPageQuery) {
    return pageResponse('invitations', await this.invitations.list(scope, query), invitationResponse);
  }

  @Post()
  @AdminOperation('invite')
  @Dangerous()
  async invite(@Scope() scope: AdminScope, @Body({ schema: schemas.inviteBody }) body: schemas.InviteBody) {
    const { invitation, code } = await this.invitations.invite(scope, body);
    return { invitation: invitationResponse(invitation), ...(code !== null && { code }) };
  }

  @Delete(':id')
  @AdminOperation('withdrawInvitation')
  async withdraw(@Scope() scope: AdminScope, @Param('id', { schema: schemas.id }) id: string): Promise<void> {
    await this.invitations.withdraw(scope, id);
  }
}
