import { Module } from '@nestjs/common';
import { IdentityModule } from '../identity/identity.module';
import { BrowserLogins } from './browser-logins';
import { CookieScope } from './cookie-scope';
import { LoginIssuer } from './login-issuer';
import { LogoutService } from './logout.service';
import { ProviderCookies } from './provider-cookies';
import { ReturnTargets } from './return-target';
import { SealedCookies } from './sealed-cookie';
import { SealedTexts } from './sealed-text';
import { SignOut } from './sign-out';
import { TokenCookies } from './token-cookies';
import { SecondFactorGate } from './second-factor-gate';

const SHARED = [
  BrowserLogins,
  LoginIssuer,
  LogoutService,
  ProviderCookies,
  SecondFactorGate,
  SealedCookies,
  SealedTexts,
  SignOut,
  TokenCookies,
  ReturnTargets,
];

/** From a proven person to a login, whatever proved them: what every way in shares. */
@Module({
  imports: [IdentityModule],
  providers: [CookieScope, ...SHARED],
  exports: SHARED,
})
export class SignInModule {}
