import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import { EventLog } from '../../common/event-log';
import { BrowserLogins } from '../../sign-in/browser-logins';
import { SamlAttempts, type SamlAttempt } from './saml-attempts';
import { failureTarget, type Departure } from './saml-http';
import { SamlProviders } from './saml-providers';
import { refuse, SamlRefusal } from './saml-refusal';
import { SamlSignIn } from './saml-sign-in';

/** A browser that comes back from a provider. */
export interface SamlArrival {
  readonly provider: string;
  readonly form: ReadonlyMap<string, string>;
  readonly cookieHeader: string | undefined;
  readonly host: string | undefined;
  readonly client: ClientInfo;
}

/** Ends attempts. Whatever comes of one, the browser is sent on: people see pages, not problem documents. */
@Injectable()
export class SamlCallback {
  constructor(
    private readonly providers: SamlProviders,
    private readonly attempts: SamlAttempts,
    private readonly signIns: SamlSignIn,
    private readonly logins: BrowserLogins,
    private readonly events: EventLog,
  ) {}

  /** @throws AuthError `not_found` */
  async finish(arrival: SamlArrival): Promise<Departure> {
    const { provider, form, cookieHeader } = arrival;
    this.providers.settings(provider);
    const attempt = this.attempts.find(provider, form.get('RelayState'), cookieHeader);
    const target = attempt?.returnTo ?? this.attempts.target();
    const forgotten = attempt ? [this.attempts.forgotten(attempt)] : [];
    try {
      const grant = await this.signedIn(arrival, attempt);
      const remember = attempt?.remember ?? false;
      return { location: target, cookies: [...forgotten, ...(await this.logins.begin(grant, remember, cookieHeader))] };
    } catch (error) {
      const told = this.told(error, arrival);
      return { location: failureTarget(target, told), cookies: forgotten };
    }
  }

  private async signedIn({ provider, form, host, client }: SamlArrival, attempt: SamlAttempt | null) {
    if (!attempt && !this.providers.settings(provider).idpInitiated) refuse('other_browser');
    const message = form.get('SAMLResponse') ?? refuse('not_base64');
    return this.signIns.signIn({ provider, message, attempt, host, client });
  }

  /** What the page learns. The reason of a refusal is for the event and the log. */
  private told(error: unknown, { provider, client }: SamlArrival): AuthError {
    // A failure of ours is no answer to whoever signs in, and is not hidden in an address.
    if (error instanceof AuthError && error.status < 500) return error;
    if (!(error instanceof SamlRefusal)) throw error;
    this.events.record('federated_login_failed', {
      ipAddress: client.ipAddress,
      kind: provider,
      reason: error.reason,
    });
    return new AuthError('federated_login_failed', 'The sign-in at the provider could not be confirmed');
  }
}
