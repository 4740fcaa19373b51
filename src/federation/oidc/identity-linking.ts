import { Injectable } from '@nestjs/common';
import { AuthError, type AuthContext, type ClientInfo } from '@latchkey/nest';
import { CurrentPeople } from '../../identity/current-people';
import { IdentityLinks } from '../identity-links';
import { AuthorizationRequests, type Departure } from './authorization-requests';
import { notProven } from './claims-reader';
import type { LoginAttempt } from './login-attempts';
import { ProviderRegistry } from './provider-registry';
import { ProviderSignIn, type CodeResponse } from './provider-sign-in';

/** A signed-in person adds an identity to their account: asked for, never by the way. */
@Injectable()
export class IdentityLinking {
  constructor(
    private readonly requests: AuthorizationRequests,
    private readonly signIns: ProviderSignIn,
    private readonly people: CurrentPeople,
    private readonly links: IdentityLinks,
    private readonly providers: ProviderRegistry,
  ) {}

  async begin({ principal }: AuthContext, provider: string, returnTo?: string): Promise<Departure> {
    if (this.providers.get(provider).settings.passThrough) {
      throw new AuthError('unsupported_in_mode', 'Identities of this provider are not linked to accounts');
    }
    if (principal.kind !== 'user') throw new AuthError('insufficient_role', 'This is for people, not for clients');
    const { tenantId, userId } = principal;
    const { person } = await this.people.get({ tenantId, userId });
    const link = { userId, generation: person.generations.user };
    return this.requests.begin({ provider, returnTo, tenantId, tenantNamed: true, remember: true, link });
  }

  /** For the account that began it: whatever has changed about that since ends the attempt. */
  async finish(attempt: LoginAttempt, response: CodeResponse, client: ClientInfo): Promise<void> {
    const { tenantId, link } = attempt;
    if (!link) throw notProven('no link');
    const { proven } = await this.signIns.prove(response, { tenantId, tenantNamed: true, client });
    const user = { tenantId, userId: link.userId };
    const { person } = await this.people.get(user);
    if (person.generations.user !== link.generation) throw notProven('the account has changed');
    await this.links.link(user, proven.identity);
  }
}
