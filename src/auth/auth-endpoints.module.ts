import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module';
import { TenancyModule } from '../tenancy/tenancy.module';
import { AuthController } from './auth.controller';
import { AuthService } from './auth.service';
import { LoginRefresher } from './login-refresher';
import { RevocationBudget } from './revocation-budget';
import { SelfRegistration } from './self-registration';
import { SessionDirectory } from './session-directory';
import { SessionEndings } from './session-endings';
import { SessionsController } from './sessions.controller';
import { TicketsController } from './tickets.controller';

/** `/auth`: sign up, in, on and out, and one's own sessions. */
@Module({
  imports: [TenancyModule, IdentityModule],
  controllers: [AuthController, SessionsController, TicketsController],
  providers: [AuthService, LoginRefresher, RevocationBudget, SelfRegistration, SessionDirectory, SessionEndings],
})
export class AuthEndpointsModule {}
