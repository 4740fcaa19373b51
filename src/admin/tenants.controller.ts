import { Body, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { AdminController } from './admin-controller.decorator';
import type { AdminScope } from './admin-scope';
import { PlatformOnly, Scope } from './admin.guard';
import { AdminOperation } from './admin.openapi';
import { pageResponse, tenantResponse } from './admin.responses';
import * as schemas from './admin.schemas';
import { Dangerous } from './dangerous.decorator';
import { AdminTenantEnding } from './tenant-ending.service';
import { AdminTenants } from './tenants.service';

/** Tenants. */
@AdminController('tenants')
export class AdminTenantsController {
  constructor(
    private readonly tenants: AdminTenants,
    private readonly ending: AdminTenantEnding,
  ) {}

  @Get()
  @PlatformOnly()
  @AdminOperation('listTenants')
  async list(@Query({ schema: schemas.tenantsQuery }) query: schemas.TenantsQuery) {
    return pageResponse('tenants', await this.tenants.list(query), tenantResponse);
  }

  @Post()
  @PlatformOnly()
  @AdminOperation('createTenant')
  @Dangerous()
  async create(@Scope() scope: AdminScope, @Body({ schema: schemas.createTenantBody }) body: schemas.CreateTenantBody) {
    return { tenant: tenantResponse(await this.tenants.create(scope, body)) };
  }

  @Get(':id')
  @AdminOperation('getTenant')
  async get(@Scope() scope: AdminScope, @Param('id', { schema: schemas.id }) id: string) {
    return { tenant: tenantResponse(await this.tenants.get(scope, id)) };
  }

  @Patch(':id')
  @AdminOperation('changeTenant')
  @Dangerous()
  async change(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.changeTenantBody }) body: schemas.ChangeTenantBody,
  ) {
    return { tenant: tenantResponse(await this.tenants.change(scope, id, body)) };
  }

  @Post(':id/revoke')
  @AdminOperation('revokeTenant')
  @Dangerous()
  async revoke(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Query({ schema: schemas.dryRunQuery }) { dry_run: dryRun }: schemas.DryRunQuery,
    @Body({ schema: schemas.reasonBody }) { reason }: schemas.ReasonBody,
  ) {
    return this.ending.end(scope, id, { dryRun: dryRun === 'true', reason });
  }
}
