import { Body, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { AdminController } from './admin-controller.decorator';
import type { AdminScope } from './admin-scope';
import { Scope } from './admin.guard';
import { AdminOperation } from './admin.openapi';
import { pageResponse, userDetailResponse, userResponse } from './admin.responses';
import * as schemas from './admin.schemas';
import { Dangerous } from './dangerous.decorator';
import { AdminUserChanges } from './user-changes.service';
import { AdminPasswords } from './user-credentials.service';
import { AdminRecovery } from './user-recovery.service';
import { AdminUsers } from './users.service';

/** Accounts. */
@AdminController('users')
export class AdminUsersController {
  constructor(
    private readonly users: AdminUsers,
    private readonly changes: AdminUserChanges,
    private readonly passwords: AdminPasswords,
    private readonly recovery: AdminRecovery,
  ) {}

  @Get()
  @AdminOperation('listUsers')
  async list(@Scope() scope: AdminScope, @Query({ schema: schemas.usersQuery }) query: schemas.UsersQuery) {
    return pageResponse('users', await this.users.list(scope, query), userResponse);
  }

  @Post()
  @AdminOperation('createUser')
  @Dangerous()
  async create(@Scope() scope: AdminScope, @Body({ schema: schemas.createUserBody }) body: schemas.CreateUserBody) {
    return { user: userResponse(await this.users.create(scope, body)) };
  }

  @Get(':id')
  @AdminOperation('getUser')
  async get(@Scope() scope: AdminScope, @Param('id', { schema: schemas.id }) id: string) {
    const { account, lockedUntil } = await this.users.get(scope, id);
    return { user: userDetailResponse(account, lockedUntil) };
  }

  @Patch(':id')
  @AdminOperation('changeUser')
  @Dangerous()
  async change(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.changeUserBody }) body: schemas.ChangeUserBody,
  ) {
    return { user: userResponse(await this.changes.change(scope, id, body)) };
  }

  @Delete(':id')
  @AdminOperation('deleteUser')
  @Dangerous()
  async delete(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.reasonBody }) { reason }: schemas.ReasonBody,
  ): Promise<void> {
    await this.changes.delete(scope, id, reason);
  }

  @Post(':id/unlock')
  @AdminOperation('unlockUser')
  async unlock(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.emptyBody }) _body: unknown,
  ) {
    return { unlocked: await this.recovery.unlock(scope, id) };
  }

  @Post(':id/password')
  @AdminOperation('resetUserPassword')
  @Dangerous()
  async resetPassword(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.resetPasswordBody }) body: schemas.ResetPasswordBody,
  ) {
    return { temporary_password: await this.passwords.reset(scope, id, body) };
  }

  @Delete(':id/factors')
  @AdminOperation('resetUserFactors')
  @Dangerous()
  async resetFactors(
    @Scope() scope: AdminScope,
    @Param('id', { schema: schemas.id }) id: string,
    @Body({ schema: schemas.reasonBody }) { reason }: schemas.ReasonBody,
  ) {
    return { removed: await this.recovery.resetFactors(scope, id, reason) };
  }
}
