import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Auth, RequireAuth, type AuthContext } from '@latchkey/nest';
import { Tickets } from '../strategy/tickets';
import { WithinTenant } from '../sign-in/within-tenant';
import { ApiAuthOperation } from './auth.openapi';
import { ticketResponse } from './auth.responses';
import { emptyBody } from './auth.schemas';

/** For handshakes that cannot carry a token. */
@Controller('auth/ticket')
export class TicketsController {
  constructor(private readonly tickets: Tickets) {}

  @RequireAuth()
  @WithinTenant()
  @Post()
  @HttpCode(200)
  @ApiAuthOperation('ticket')
  async issue(@Auth() auth: AuthContext, @Body({ schema: emptyBody }) _body: unknown) {
    return ticketResponse(await this.tickets.issue(auth));
  }
}
