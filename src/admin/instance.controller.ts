import { Get } from '@nestjs/common';
import { AdminController } from './admin-controller.decorator';
import { PlatformOnly } from './admin.guard';
import { AdminOperation } from './admin.openapi';
import { AdminInstance } from './instance.service';

/** The installation itself. */
@PlatformOnly()
@AdminController('')
export class AdminInstanceController {
  constructor(private readonly instance: AdminInstance) {}

  @Get('configuration')
  @AdminOperation('showConfiguration')
  configuration() {
    return this.instance.configuration();
  }

  @Get('mode')
  @AdminOperation('showMode')
  async mode() {
    return this.instance.mode();
  }
}
