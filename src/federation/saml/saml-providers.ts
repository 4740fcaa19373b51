import { Inject, Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import { Clock } from '../../common/clock';
import { LOGGER } from '../../common/common.module';
import type { Logger } from '../../common/logger';
import type { Config, SamlProviderConfig } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import { usableCertificates, type IdpFacts } from './idp-metadata';
import { readIdpFacts } from './idp-source';
import type { SamlTrust } from './saml-trust';

/** A provider whose facts are known. */
export interface SamlProvider {
  readonly name: string;
  readonly settings: SamlProviderConfig;
  readonly idp: IdpFacts;
  readonly trust: SamlTrust;
  readonly urls: ServiceUrls;
}

/** The addresses of this service for one provider. */
export interface ServiceUrls {
  readonly metadata: string;
  readonly acs: string;
  readonly slo: string;
}

interface Known {
  facts?: IdpFacts;
  /** Milliseconds. */
  readAt: number;
  askedAt: number;
  asking?: Promise<void>;
}

/** Milliseconds. */
const LIFE = 60 * 60_000;
const RETRY_AFTER = 30_000;

/** The configured providers. Each is looked at when it is first needed: a bad one stops neither the start nor the others. */
@Injectable()
export class SamlProviders {
  private readonly known = new Map<string, Known>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly clock: Clock,
  ) {
    for (const name of Object.keys(config.federation.saml))
      this.known.set(name, { readAt: -Infinity, askedAt: -Infinity });
  }

  /** @throws AuthError `not_found` */
  settings(name: string): SamlProviderConfig {
    const settings = this.known.has(name) ? this.config.federation.saml[name] : undefined;
    if (!settings) throw new AuthError('not_found', 'There is no such provider');
    return settings;
  }

  urls(name: string): ServiceUrls {
    const { publicUrl, basePath } = this.config.server;
    const base = `${publicUrl}${basePath}/auth/saml/${name}`;
    return { metadata: `${base}/metadata`, acs: `${base}/acs`, slo: `${base}/slo` };
  }

  /** The name of this service for that provider. */
  entityId(name: string): string {
    return this.settings(name).entityId ?? this.urls(name).metadata;
  }

  /** With facts of the last hour, or the last there were. @throws AuthError `not_found`, `unavailable` */
  async get(name: string): Promise<SamlProvider> {
    const settings = this.settings(name);
    const known = this.known.get(name)!;
    const due = this.isLongAgo(known.readAt, LIFE) && this.isLongAgo(known.askedAt, RETRY_AFTER);
    if (due || (!known.facts && known.asking)) await this.ask(name, known);
    if (!known.facts) throw new AuthError('unavailable', 'The provider cannot be used now', { retryAfter: 30 });
    return this.described(name, settings, known.facts);
  }

  /** Looks again, where that was not just done: the provider may have begun to sign with its next key. */
  async renewed(name: string): Promise<SamlProvider> {
    const known = this.known.get(name);
    if (known && this.isLongAgo(known.askedAt, RETRY_AFTER)) await this.ask(name, known);
    return this.get(name);
  }

  /** Many who ask at once ask once. What is known stays known while there is no answer. */
  private ask(name: string, known: Known): Promise<void> {
    known.askedAt = this.clock.now();
    known.asking ??= readIdpFacts(this.settings(name), this.config.environment)
      .then((facts) => {
        known.facts = facts;
        known.readAt = this.clock.now();
      })
      .catch((error: unknown) => this.logger.warn({ err: error, provider: name }, 'a SAML provider cannot be read'))
      .finally(() => (known.asking = undefined));
    return known.asking;
  }

  /** In whichever direction: a clock that was set back must not keep an old key for long. */
  private isLongAgo(instant: number, milliseconds: number): boolean {
    return Math.abs(this.clock.now() - instant) >= milliseconds;
  }

  private described(name: string, settings: SamlProviderConfig, idp: IdpFacts): SamlProvider {
    const urls = this.urls(name);
    return {
      name,
      settings,
      idp,
      urls,
      trust: {
        issuer: idp.entityId,
        certificates: usableCertificates(idp.certificates, this.clock.now()),
        audience: this.entityId(name),
        acsUrl: urls.acs,
        wantAssertionsSigned: settings.wantAssertionsSigned,
        wantResponseSigned: settings.wantResponseSigned,
        decryptionKey: settings.decryptionKey ?? null,
        leeway: settings.clockLeeway,
        maxAuthnAge: settings.maxAuthnAge,
      },
    };
  }
}
