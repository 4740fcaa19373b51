import { Controller, Get, Inject, Redirect } from '@nestjs/common';
import { ApiFoundResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '@latchkey/nest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { Limited } from '../protection/limit.guard';

/** Leads password managers to the page where a password is changed. */
@ApiTags('discovery')
@Controller('.well-known/change-password')
export class ChangePasswordController {
  private readonly page: string;

  constructor(@Inject(CONFIG) { auth, server }: Config) {
    this.page = auth.pages.changePassword ?? `${server.publicUrl}${server.basePath}/account/password`;
  }

  @Public()
  @Limited('address')
  @Get()
  @Redirect()
  @ApiOperation({ summary: 'Where a password is changed (a well-known URL for changing passwords)' })
  @ApiFoundResponse({ description: 'The page' })
  lead() {
    return { url: this.page, statusCode: 302 };
  }
}
