import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import { AuthStrategies } from '../../strategy/auth-strategies';
import { ModeCapabilities } from '../../strategy/mode-capabilities';
import { UsedAssertionStore } from '../../identity/federated/used-assertion.store';
import { postedLogout, redirectedLogout, type LogoutRequest } from './logout-request';
import { SamlProviders, type SamlProvider } from './saml-providers';
import { refuseUnless, SamlRefusal } from './saml-refusal';
import { SamlSessionStore } from '../../identity/federated/saml-session.store';
import { logoutAnswerUrl } from './service-messages';

export interface LogoutArrival {
  readonly provider: string;
  /** The query as it was sent; null for a form. */
  readonly query: string | null;
  readonly parameters: ReadonlyMap<string, string>;
}

const USED_FOR = 60 * 60_000;
const LONGEST_RELAY_STATE = 80;

/** A provider says that somebody has signed out there: the logins that its session began end here. */
@Injectable()
export class SamlLogout {
  constructor(
    private readonly providers: SamlProviders,
    private readonly used: UsedAssertionStore,
    private readonly sessions: SamlSessionStore,
    private readonly strategies: AuthStrategies,
    private readonly capabilities: ModeCapabilities,
    private readonly clock: Clock,
  ) {}

  /** Where the browser goes with the answer. @throws AuthError `validation_failed`, `not_found`, `unavailable` */
  async end(arrival: LogoutArrival): Promise<string | null> {
    const provider = await this.providers.get(arrival.provider);
    try {
      const request = await this.proven(provider, arrival);
      const done = await this.ended(provider, request).catch(async (error: unknown) => {
        // The provider tries again, and must be heard then.
        await this.used.forget(provider.trust.issuer, `logout ${request.id}`);
        throw error;
      });
      const relayState = (arrival.parameters.get('RelayState') ?? '').slice(0, LONGEST_RELAY_STATE);
      return await logoutAnswerUrl(provider, { id: request.id, relayState }, done);
    } catch (error) {
      if (!(error instanceof SamlRefusal)) throw error;
      throw new AuthError('validation_failed', 'The request to sign out could not be confirmed', {
        detail: error.reason,
      });
    }
  }

  private async proven({ trust, urls }: SamlProvider, { query, parameters }: LogoutArrival): Promise<LogoutRequest> {
    const logoutTrust = { ...trust, sloUrl: urls.slo };
    const now = this.clock.now();
    const request =
      query === null
        ? await postedLogout(parameters.get('SAMLRequest') ?? '', logoutTrust, now)
        : await redirectedLogout(query, logoutTrust, now);
    const first = await this.used.use(trust.issuer, `logout ${request.id}`, new Date(now + USED_FOR));
    refuseUnless(first, 'replayed');
    return request;
  }

  /** False where nothing is kept that could end one of the logins. */
  private async ended({ name, trust }: SamlProvider, { nameId, sessionIndexes }: LogoutRequest): Promise<boolean> {
    const named = { provider: name, issuer: trust.issuer, nameId, sessionIndexes };
    const sessions = await this.sessions.find(named);
    if (sessions.length === 0) return this.strategies.issuing(null).revokes;
    let done = true;
    for (const session of sessions) {
      const { mode } = await this.capabilities.ofTenant(session);
      const strategy = this.strategies.of(mode);
      if (strategy.revokes) await strategy.revoke({ kind: 'session', ...session }, 'logout');
      else done = false;
    }
    return done;
  }
}
