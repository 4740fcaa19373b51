import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import { BrowserLogins } from '../../sign-in/browser-logins';
import { AuthorizationRequests, type Departure } from './authorization-requests';
import { notProven } from './claims-reader';
import { IdentityLinking } from './identity-linking';
import { LoginAttempts, type LoginAttempt } from './login-attempts';
import { PassThroughLogins } from './pass-through-logins';
import { ProviderRegistry } from './provider-registry';
import { ProviderSignIn, type CodeResponse } from './provider-sign-in';

/** A browser that comes back from a provider. */
export interface Arrival {
  readonly provider: string;
  /** The query as it was sent. */
  readonly query: string;
  readonly cookieHeader: string | undefined;
  readonly client: ClientInfo;
}

/** Ends attempts. Whatever comes of one, the browser is sent on: people see pages, not problem documents. */
@Injectable()
export class OidcCallback {
  constructor(
    private readonly attempts: LoginAttempts,
    private readonly requests: AuthorizationRequests,
    private readonly signIns: ProviderSignIn,
    private readonly linking: IdentityLinking,
    private readonly logins: BrowserLogins,
    private readonly passed: PassThroughLogins,
    private readonly providers: ProviderRegistry,
  ) {}

  async finish(arrival: Arrival): Promise<Departure> {
    const { provider, query, cookieHeader, client } = arrival;
    const url = this.requests.callbackOf(provider, query);
    const attempt = this.attempts.find(provider, onlyState(url), cookieHeader);
    if (!attempt) {
      const error = notProven('no attempt of this browser');
      this.signIns.refused(provider, error, { client });
      return { location: failureTarget(this.attempts.fallbackTarget, error), cookies: [] };
    }
    const { location, cookies } = await this.outcome(attempt, url, arrival).catch((error: unknown) => {
      if (!(error instanceof AuthError)) throw error;
      return { location: failureTarget(attempt.returnTo, error), cookies: [] };
    });
    return { location, cookies: [this.attempts.forgotten(attempt), ...cookies] };
  }

  private async outcome(attempt: LoginAttempt, url: URL, arrival: Arrival): Promise<Departure> {
    const { client, cookieHeader } = arrival;
    const { provider, state, nonce, verifier, returnTo, remember } = attempt;
    const response = { provider, url, expected: { state, nonce, verifier } };
    if (attempt.link) {
      await this.linking.finish(attempt, response, client);
      return { location: withParameters(returnTo, { linked: provider }), cookies: [] };
    }
    if (this.providers.get(provider).settings.passThrough) {
      return { location: returnTo, cookies: await this.passThrough(response, attempt, arrival) };
    }
    const { grant } = await this.signIns.signIn(response, { ...attempt, client });
    return { location: returnTo, cookies: await this.logins.begin(grant, remember, cookieHeader) };
  }

  private async passThrough(response: CodeResponse, attempt: LoginAttempt, { client, cookieHeader }: Arrival) {
    try {
      return await this.logins.beginAtProvider(await this.passed.begin(response, attempt, client), cookieHeader);
    } catch (error) {
      if (error instanceof AuthError) this.signIns.refused(attempt.provider, error, { client });
      throw error;
    }
  }
}

function onlyState({ searchParams }: URL): string | null {
  const states = searchParams.getAll('state');
  return states.length === 1 ? (states[0] ?? null) : null;
}

/** A challenge goes behind the #: what stands there is sent to no server and kept in no log. */
function failureTarget(target: string, { code, extensions = {} }: AuthError): string {
  if (code !== 'mfa_required') return withParameters(target, { error: code });
  const facts = Object.entries(extensions).map(([name, value]): [string, string] => [name, String(value)]);
  const fragment = new URLSearchParams([['error', code], ...facts]);
  return `${withoutFragment(target)}#${fragment.toString()}`;
}

function withParameters(target: string, parameters: Record<string, string>): string {
  const bare = withoutFragment(target);
  return `${bare}${bare.includes('?') ? '&' : '?'}${new URLSearchParams(parameters).toString()}`;
}

function withoutFragment(target: string): string {
  return target.replace(/#.*$/s, '');
}
