import { Inject, Injectable } from '@nestjs/common';
import { AuthError, type AuthMode } from '@latchkey/nest';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { TenantResolver, type TenantHint } from '../tenancy/tenant-resolver';
import { registrationOf, type RegistrationPolicy, type Tenant } from '../tenancy/tenant.entity';
import { IssuancePolicy } from './issuance-policy';

/** What a mode can do, for clients that should not have to know. */
export interface Capabilities {
  readonly mode: AuthMode;
  readonly accepts: readonly AuthMode[];
  readonly accessToken: 'opaque' | 'jwt';
  readonly refreshToken: 'opaque' | 'jwt';
  readonly listSessions: boolean;
  readonly revokeSession: 'listed' | 'by_sid' | false;
  readonly revokeAllSessions: boolean;
  readonly logoutTakesEffect: 'at_once' | 'at_expiry';
  readonly identifier: 'email' | 'username' | 'either';
  readonly registration: RegistrationPolicy;
}

type TenantChoice = Pick<Tenant, 'slug' | 'mode' | 'registration'>;

/** Stands for a tenant that is not there: nothing tells it from one that has chosen nothing. */
const NOBODYS: TenantChoice = { slug: '', mode: null, registration: null };

@Injectable()
export class ModeCapabilities {
  constructor(
    private readonly issuance: IssuancePolicy,
    private readonly tenants: TenantResolver,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Of this tenant, or of that of a host; what it changes is seen within 30 seconds. */
  async ofTenant(hint: TenantHint): Promise<Capabilities> {
    return this.describe((await this.tenants.resolve(hint)) ?? NOBODYS);
  }

  /** For whoever asks: nothing about a tenant that is not there, and an answer also while the database gives none. */
  async announced(hint: TenantHint): Promise<Capabilities> {
    try {
      return await this.ofTenant(hint);
    } catch (error) {
      if (error instanceof AuthError && error.code === 'unavailable') return this.describe();
      throw error;
    }
  }

  /** Where no tenant says otherwise, as the configuration has it. */
  describe(tenant: TenantChoice | null = null): Capabilities {
    return capabilitiesOf(this.issuance, this.config, tenant);
  }
}

export function capabilitiesOf(issuance: IssuancePolicy, { auth }: Config, tenant: TenantChoice | null): Capabilities {
  const { accepts, jwtsAreRevocable } = issuance;
  const mode = issuance.modeFor(tenant?.mode ?? null);
  const kind = issuance.kindOf(mode);
  const hasRows = kind !== 'untracked_jwt';
  const revocable = hasRows || jwtsAreRevocable;
  return {
    mode,
    accepts,
    accessToken: kind === 'session' ? 'opaque' : 'jwt',
    refreshToken: hasRows ? 'opaque' : 'jwt',
    listSessions: hasRows,
    revokeSession: hasRows ? 'listed' : revocable && 'by_sid',
    revokeAllSessions: revocable,
    logoutTakesEffect: revocable ? 'at_once' : 'at_expiry',
    identifier: auth.login.identifier,
    registration: tenant ? registrationOf(tenant, auth.registration) : auth.registration,
  };
}
