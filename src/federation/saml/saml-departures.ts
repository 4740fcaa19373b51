import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { LoginRef, ProviderSession } from '../../identity/federated/saml-session.store';
import { SamlSessions } from '../../identity/federated/saml-sessions';
import { ReturnTargets } from '../../sign-in/return-target';
import { SignOut, type Leaver } from '../../sign-in/sign-out';
import { SamlErrands, type ErrandReturn } from './saml-errands';
import type { Departure } from './saml-http';
import { SamlProviders } from './saml-providers';
import { logoutRequestUrl, newMessageId } from './service-messages';

const KIND = 'lk_saml_out';
const farewell = z.object({ provider: z.string(), requestId: z.string(), returnTo: z.string() });

/** Signs out here, then at the provider (Single Logout, begun by this service). */
@Injectable()
export class SamlDepartures {
  constructor(
    private readonly providers: SamlProviders,
    private readonly signOut: SignOut,
    private readonly sessions: SamlSessions,
    private readonly errands: SamlErrands,
    private readonly targets: ReturnTargets,
  ) {}

  /**
   * Where the browser goes: to the provider, or straight to the target where it began no login of this browser, has no
   * place to sign out, or where requests cannot be signed. @throws AuthError `not_found`, `validation_failed`, `unavailable`
   */
  async begin(name: string, leaver: Leaver, returnTo?: string): Promise<Departure> {
    const target = this.targets.check(returnTo);
    const { privateKey } = this.providers.settings(name);
    // Ours ends first: a provider that is away must not keep it.
    const ended = await this.signOut.end(leaver);
    const cookies = this.signOut.clearedCookies();
    const session = privateKey === undefined ? null : await this.begunBy(name, ended);
    const provider = session && (await this.providers.get(name));
    if (!provider || provider.idp.sloUrl === null || session.issuer !== provider.trust.issuer) {
      return { location: target, cookies };
    }
    const requestId = newMessageId();
    const kept = this.errands.kept(KIND, { provider: name, requestId, returnTo: target });
    return { location: await logoutRequestUrl(provider, requestId, session), cookies: [...cookies, kept] };
  }

  /**
   * Where a browser goes on to that comes back. Whatever the provider answers: the login here had ended before, and the
   * browser goes nowhere but where it asked to itself. @throws AuthError `not_found`
   */
  finish(back: ErrandReturn): Departure {
    this.providers.settings(back.provider);
    const left = this.errands.find(KIND, farewell, back);
    if (!left) return { location: this.targets.check(undefined), cookies: [] };
    return { location: left.returnTo, cookies: [this.errands.forgotten(KIND, left)] };
  }

  private async begunBy(provider: string, logins: readonly LoginRef[]): Promise<ProviderSession | null> {
    for (const login of logins) {
      const session = await this.sessions.behind(login);
      if (session?.provider === provider) return session;
    }
    return null;
  }
}
