import { Body, Get, Param, Post } from '@nestjs/common';
import { AdminController } from './admin-controller.decorator';
import type { AdminScope } from './admin-scope';
import { PlatformOnly, Scope } from './admin.guard';
import { AdminOperation } from './admin.openapi';
import * as schemas from './admin.schemas';
import { Dangerous } from './dangerous.decorator';
import { AdminKeys } from './keys.service';

/** Signing keys. */
@PlatformOnly()
@AdminController('keys')
export class AdminKeysController {
  constructor(private readonly keys: AdminKeys) {}

  @Get()
  @AdminOperation('listKeys')
  async list() {
    return { keys: await this.keys.list() };
  }

  @Post('rotate')
  @AdminOperation('rotateKey')
  @Dangerous()
  async rotate(@Scope() scope: AdminScope, @Body({ schema: schemas.rotateKeyBody }) body: schemas.RotateKeyBody) {
    return { key: await this.keys.rotate(scope, body) };
  }

  @Post(':kid/retire')
  @AdminOperation('retireKey')
  @Dangerous()
  async retire(
    @Scope() scope: AdminScope,
    @Param('kid', { schema: schemas.kid }) kid: string,
    @Body({ schema: schemas.reasonBody }) { reason }: schemas.ReasonBody,
  ): Promise<void> {
    await this.keys.retire(scope, kid, reason);
  }
}
