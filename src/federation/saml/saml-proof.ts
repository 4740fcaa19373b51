import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock';
import { UsedAssertionStore } from '../../identity/federated/used-assertion.store';
import { SamlProviders, type SamlProvider } from './saml-providers';
import { refuseUnless, SamlRefusal } from './saml-refusal';
import { identityFromResponse } from './saml-response';
import type { SamlIdentity } from './saml-trust';

export interface ProvenAnswer {
  readonly provider: SamlProvider;
  readonly identity: SamlIdentity;
}

/** Milliseconds: longer than a request lives in a browser, and than an assertion may have been on its way. */
const USED_FOR = 60 * 60_000;

/** Proves answers of providers, each once: in whatever process, and after a restart. */
@Injectable()
export class SamlProof {
  constructor(
    private readonly providers: SamlProviders,
    private readonly used: UsedAssertionStore,
    private readonly clock: Clock,
  ) {}

  /** @throws SamlRefusal; AuthError `not_found`, `unavailable` */
  async once(name: string, message: string, requestId: string | null): Promise<ProvenAnswer> {
    const answer = await this.proven(name, message, requestId);
    const { issuer } = answer.provider.trust;
    if (requestId !== null) await this.use(issuer, `request ${requestId}`);
    await this.use(issuer, `assertion ${answer.identity.assertionId}`);
    return answer;
  }

  private async proven(name: string, message: string, requestId: string | null): Promise<ProvenAnswer> {
    const provider = await this.providers.get(name);
    const expected = { requestId, now: this.clock.now() };
    try {
      return { provider, identity: await identityFromResponse(message, provider.trust, expected) };
    } catch (error) {
      if (!(error instanceof SamlRefusal) || error.reason !== 'signature_invalid') throw error;
      const renewed = await this.providers.renewed(name);
      if (renewed.idp === provider.idp) throw error;
      return { provider: renewed, identity: await identityFromResponse(message, renewed.trust, expected) };
    }
  }

  /** Whoever inserts the row has it. */
  private async use(issuer: string, id: string): Promise<void> {
    const first = await this.used.use(issuer, id, new Date(this.clock.now() + USED_FOR));
    refuseUnless(first, 'replayed');
  }
}
