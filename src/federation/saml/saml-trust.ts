/** Elements of SAML 2.0. */
export const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol';
export const ASSERTION = 'urn:oasis:names:tc:SAML:2.0:assertion';

/** What this service and one identity provider have agreed upon: everything that a message is judged by. */
export interface SamlTrust {
  /** The provider's own name for itself. */
  readonly issuer: string;
  /** PEM. Several while the provider changes its key. */
  readonly certificates: readonly string[];
  /** The name of this service there. */
  readonly audience: string;
  readonly acsUrl: string;
  readonly wantAssertionsSigned: boolean;
  readonly wantResponseSigned: boolean;
  /** PEM. Without it nothing encrypted is understood. */
  readonly decryptionKey: string | null;
  /** Milliseconds. */
  readonly leeway: number;
  /** Milliseconds: the longest ago that the person may have signed in at the provider. */
  readonly maxAuthnAge: number;
}

export interface ExpectedAnswer {
  /** The request of this very browser; null where an answer without a question is accepted. */
  readonly requestId: string | null;
  /** Milliseconds. */
  readonly now: number;
}

/** What an assertion says, from signed bytes alone. */
export interface SamlIdentity {
  readonly assertionId: string;
  readonly nameId: string;
  readonly nameIdFormat: string | null;
  readonly sessionIndex: string | null;
  readonly authnInstant: Date;
  readonly sessionEnds: Date | null;
  /** By name, in the order of the assertion. */
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}
