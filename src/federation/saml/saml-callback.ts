import { Injectable } from '@nestjs/common';
import { AuthError, type ClientInfo } from '@latchkey/nest';
import { BrowserLogins } from '../../sign-in/browser-logins';
import { SamlAttempts, type SamlAttempt } from './saml-attempts';
import { failureTarget, withParameter, type Departure } from './saml-http';
import { SamlCodes } from './saml-codes';
import { SamlProviders } from './saml-providers';
import { refuse, SamlRefusal } from './saml-refusal';
import { SamlRefusals } from './saml-refusals';
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
    private readonly codes: SamlCodes,
    private readonly refusals: SamlRefusals,
  ) {}

  /** @throws AuthError `not_found` */
  async finish(arrival: SamlArrival): Promise<Departure> {
    const { provider, form, cookieHeader } = arrival;
    this.providers.settings(provider);
    const attempt = this.attempts.find({ provider, relayState: form.get('RelayState'), cookieHeader });
    const target = attempt?.returnTo ?? this.attempts.target();
    const forgotten = attempt ? [this.attempts.forgotten(attempt)] : [];
    try {
      const { location, cookies } = await this.arrived(arrival, attempt, target);
      return { location, cookies: [...forgotten, ...cookies] };
    } catch (error) {
      const told = this.told(error, arrival);
      return { location: failureTarget(target, told), cookies: forgotten };
    }
  }

  private async arrived(
    { provider, form, cookieHeader, host, client }: SamlArrival,
    attempt: SamlAttempt | null,
    target: string,
  ): Promise<Departure> {
    if (!attempt && !this.providers.settings(provider).idpInitiated) refuse('other_browser');
    const message = form.get('SAMLResponse') ?? refuse('not_base64');
    const proven = await this.signIns.prove({ provider, message, attempt, host });
    if (attempt?.exchange) {
      return { location: withParameter(target, 'code', this.codes.make(proven, attempt.exchange)), cookies: [] };
    }
    const { grant } = await this.signIns.begin(proven, client);
    return { location: target, cookies: await this.logins.begin(grant, proven.remember, cookieHeader) };
  }

  /** What the page learns. The reason of a refusal is for the event and the log. */
  private told(error: unknown, { provider, client }: SamlArrival): AuthError {
    // A failure of ours is no answer to whoever signs in, and is not hidden in an address.
    if (error instanceof AuthError && error.status < 500) return error;
    if (!(error instanceof SamlRefusal)) throw error;
    return this.refusals.told(error, provider, client);
  }
}
