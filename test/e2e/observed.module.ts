import { Controller, Get, Module, Param } from '@nestjs/common';
import { AuthContextService } from '@latchkey/nest';

/** Routes on which something goes wrong that is counted. */
@Controller('observed')
class ObservedController {
  constructor(private readonly auth: AuthContextService) {}

  @Get('users/:id')
  ofUser(@Param('id') id: string) {
    this.auth.mustBeUser(id);
    return { id };
  }

  @Get('tenants/:id')
  ofTenant(@Param('id') id: string) {
    this.auth.mustBeTenant(id);
    return { id };
  }

  @Get('broken')
  broken() {
    throw new Error('broken');
  }
}

@Module({ controllers: [ObservedController] })
export class ObservedModule {}
