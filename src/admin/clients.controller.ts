import { Body, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { AdminController } from './admin-controller.decorator';
import type { AdminScope } from './admin-scope';
import { Scope } from './admin.guard';
import { AdminOperation } from './admin.openapi';
import { clientResponse, pageResponse } from './admin.responses';
import * as schemas from './admin.schemas';
import { AdminClientChanges } from './client-changes.service';
import { AdminClients } from './clients.service';
import { Dangerous } from './dangerous.decorator';

/** Resource servers and machines. */
@AdminController('clients')
export class AdminClientsController {
  constructor(
    private readonly clients: AdminClients,
    private readonly changes: AdminClientChanges,
  ) {}

  @Get()
  @AdminOperation('listClients')
  async list(@Scope() scope: AdminScope, @Query({ schema: schemas.clientsQuery }) query: schemas.ClientsQuery) {
    return pageResponse('clients', await this.clients.list(scope, query), clientResponse);
  }

  @Post()
  @AdminOperation('createClient')
  @Dangerous()
  async create(@Scope() scope: AdminScope, @Body({ schema: schemas.createClientBody }) body: schemas.CreateClientBody) {
    const { client, secret } = await this.changes.create(scope, body);
    return { client: clientResponse(client), client_secret: secret };
  }

  @Get(':id')
  @AdminOperation('getClient')
  async get(@Scope() scope: AdminScope, @Param('id', { schema: schemas.id }) id: string) {
    return { client: clientResponse(await this.clients.get(scope, id)) };
  }

  @Patch(':id')
  @AdminOperation('changeClient')
  @Dangerous()
  async change(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.changeClientBody }) body: schemas.ChangeClientBody,
  ) {
    return { client: clientResponse(await this.changes.change(scope, id, body)) };
  }

  @Post(':id/rotate')
  @AdminOperation('rotateClient')
  @Dangerous()
  async rotate(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.rotateClientBody }) body: schemas.RotateClientBody,
  ) {
    const { client, secret } = await this.changes.rotate(scope, id, body);
    return { client: clientResponse(client), client_secret: secret };
  }

  @Delete(':id')
  @AdminOperation('deleteClient')
  @Dangerous()
  async delete(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.reasonBody }) { reason }: schemas.ReasonBody,
  ): Promise<void> {
    await this.changes.delete(scope, id, reason);
  }
}
