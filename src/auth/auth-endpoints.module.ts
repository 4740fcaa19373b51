import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module';
import { ProtectionModule } from '../protection/protection.module';
import { SignInModule } from '../sign-in/sign-in.module';
import { TenancyModule } from '../tenancy/tenancy.module';
import { AuthController } from './auth.controller';
import { AuthService } from './auth.service';
import { BrowserAnswers } from './browser-answers';
import { ChangePasswordController } from './change-password.controller';
import { DevicesController } from './devices.controller';
import { EnrolmentService } from './enrolment.service';
import { FactorNotices } from './factor-notices';
import { FactorOverviews } from './factor-overview';
import { FactorSettingsService } from './factor-settings.service';
import { FactorsController } from './factors.controller';
import { MfaLoginService } from './mfa-login.service';
import { MfaController } from './mfa.controller';
import { PasskeyLoginController } from './passkey-login.controller';
import { PasskeyLoginService } from './passkey-login.service';
import { PasskeysController } from './passkeys.controller';
import { StepUpController } from './step-up.controller';
import { StepUpService } from './step-up.service';
import { EmailChanges } from './email-changes';
import { EmailController } from './email.controller';
import { InvitationAcceptance } from './invitation-acceptance';
import { InvitationsController } from './invitations.controller';
import { LetterRequests } from './letter-requests';
import { LoginRefresher } from './login-refresher';
import { NewPasswords } from './new-passwords';
import { PasswordChanges } from './password-changes';
import { PasswordController } from './password.controller';
import { PersonNotices } from './person-notices';
import { ProviderLoginAnswers } from './provider-login-answers';
import { RevocationBudget } from './revocation-budget';
import { SelfRegistration } from './self-registration';
import { SessionDirectory } from './session-directory';
import { SessionEndings } from './session-endings';
import { SessionsController } from './sessions.controller';
import { SignInWatch } from './sign-in-watch';
import { SignInWorld } from './sign-in-world';
import { TicketsController } from './tickets.controller';

const secondFactors = {
  controllers: [
    MfaController,
    FactorsController,
    PasskeysController,
    PasskeyLoginController,
    StepUpController,
    DevicesController,
  ],
  providers: [
    FactorNotices,
    MfaLoginService,
    EnrolmentService,
    FactorSettingsService,
    FactorOverviews,
    PasskeyLoginService,
    StepUpService,
  ],
};

/** `/auth`: sign up, in, on and out, and one's own sessions and second factors. */
@Module({
  imports: [TenancyModule, IdentityModule, ProtectionModule, SignInModule],
  controllers: [
    AuthController,
    ChangePasswordController,
    EmailController,
    InvitationsController,
    PasswordController,
    SessionsController,
    TicketsController,
    ...secondFactors.controllers,
  ],
  providers: [
    AuthService,
    BrowserAnswers,
    EmailChanges,
    InvitationAcceptance,
    LetterRequests,
    NewPasswords,
    PasswordChanges,
    PersonNotices,
    ProviderLoginAnswers,
    SignInWatch,
    SignInWorld,
    LoginRefresher,
    RevocationBudget,
    SelfRegistration,
    SessionDirectory,
    SessionEndings,
    ...secondFactors.providers,
  ],
})
export class AuthEndpointsModule {}
