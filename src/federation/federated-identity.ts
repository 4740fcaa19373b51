import type { ClientInfo } from '@latchkey/nest';
import type { ProviderSession } from '../identity/federated/saml-session.store';
import type { UserRef } from '../identity/user.store';

/** Who somebody is at a provider, as that provider has proven. Issuer and subject name them; the rest describes them. */
export interface FederatedIdentity {
  /** The provider's name in the configuration. */
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  /** The provider says so, in so many words. */
  readonly emailVerified: boolean;
  readonly username?: string | null;
  readonly name?: string | null;
  /** Those that the provider may give, after its allow-list. Left out: it says nothing about roles. */
  readonly roles?: readonly string[];
}

/** What a provider may do with accounts. Closed unless the configuration opens it. */
export interface FederationRules {
  /** `open`: somebody who is unknown gets an account. */
  readonly registration: 'open' | 'closed';
  /** An address that both sides have verified leads to the account that has it. */
  readonly linkByVerifiedEmail: boolean;
  /** True for the roles that the provider gives and takes away; all others stay as they are. */
  readonly governsRole?: (role: string) => boolean;
}

export interface FederatedContext {
  readonly tenantId: string;
  readonly client: ClientInfo;
  readonly remember: boolean;
  /** RFC 8176. With `mfa` no second factor is asked for: only where the provider is trusted with that. */
  readonly amr: readonly string[];
  /** When the provider saw the credential, where it says so. */
  readonly authTime?: Date;
  readonly rules: FederationRules;
  /** Where the provider speaks SAML. */
  readonly samlSession?: ProviderSession;
  /** Told of the account, before a second factor is asked for. */
  readonly onAdmitted?: (user: UserRef) => Promise<void>;
}

export interface IdentityKey {
  readonly tenantId: string;
  readonly issuer: string;
  readonly subject: string;
}
