import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { Clock } from '../../common/clock';
import { sha256 } from '../../common/digest';
import type { Config } from '../../config/config';
import { CONFIG } from '../../config/config.token';
import type { UserRef } from '../user.store';
import { PasskeyCeremonyStore, type Ceremony } from './passkey-ceremony.store';
import { PasskeyStore, type Passkey } from './passkey.store';

/** Milliseconds that a person has to touch the key. */
const CEREMONY_TTL = 5 * 60_000;
const NO_AAGUID = '00000000-0000-0000-0000-000000000000';

export type NewPasskey = Omit<Passkey, 'lastUsedAt'>;

/** How a person is shown beside their passkey. */
export interface PasskeyOwner extends UserRef {
  readonly userName: string;
  readonly displayName: string;
}

/** WebAuthn, as a first and as a second factor. Challenges are kept here, and each is answered once. */
@Injectable()
export class Passkeys {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly store: PasskeyStore,
    private readonly ceremonies: PasskeyCeremonyStore,
    private readonly clock: Clock,
  ) {}

  /** For `navigator.credentials.create`. */
  async creationOptions(owner: PasskeyOwner): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { generateRegistrationOptions } = await import('@simplewebauthn/server');
    const existing = await this.store.list(owner);
    const options = await generateRegistrationOptions({
      rpName: this.config.auth.passkeys.rpName,
      rpID: this.rpId,
      userID: handleOf(owner.userId),
      userName: owner.userName,
      userDisplayName: owner.displayName,
      timeout: CEREMONY_TTL,
      excludeCredentials: existing.map(descriptorOf),
      authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
    });
    await this.begin(options.challenge, { purpose: 'register', ...idsOf(owner) });
    return options;
  }

  /** A passkey to be added. @throws AuthError `validation_failed` when the answer does not fit the challenge. */
  async created(user: UserRef, response: RegistrationResponseJSON, name: string): Promise<NewPasskey> {
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
    const ceremony = { purpose: 'register', ...idsOf(user) } as const;
    const verified = await refusing(() =>
      verifyRegistrationResponse({ ...this.expected(ceremony), response, requireUserVerification: false }),
    );
    const info = verified?.verified ? verified.registrationInfo : undefined;
    if (!info) throw new AuthError('validation_failed', 'The passkey could not be added');
    const { credential, aaguid, credentialBackedUp: backedUp } = info;
    return {
      id: randomUUID(),
      ...idsOf(user),
      credentialId: Buffer.from(credential.id, 'base64url'),
      publicKey: Buffer.from(credential.publicKey),
      signCount: credential.counter,
      transports: credential.transports ?? [],
      aaguid: aaguid === NO_AAGUID ? null : aaguid,
      backedUp,
      name,
      createdAt: this.clock.date(),
    };
  }

  /** For `navigator.credentials.get`: by anybody of the tenant, or by this user. */
  async requestOptions(tenantId: string, userId: string | null): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { generateAuthenticationOptions } = await import('@simplewebauthn/server');
    const known = userId === null ? [] : await this.store.list({ tenantId, userId });
    const options = await generateAuthenticationOptions({
      rpID: this.rpId,
      timeout: CEREMONY_TTL,
      userVerification: userId === null ? 'required' : 'preferred',
      allowCredentials: known.map(descriptorOf),
    });
    await this.begin(options.challenge, { purpose: userId === null ? 'sign_in' : 'confirm', tenantId, userId });
    return options;
  }

  /** Whose passkey answered; null when the answer does not fit. */
  async authenticate(
    tenantId: string,
    userId: string | null,
    response: AuthenticationResponseJSON,
  ): Promise<Passkey | null> {
    const passkey = await this.store.find(tenantId, Buffer.from(response.id, 'base64url'));
    if (!passkey || !isOf(passkey, userId, response.response.userHandle)) return null;
    const purpose = userId === null ? 'sign_in' : 'confirm';
    const verified = await this.verified(passkey, { purpose, tenantId, userId }, response);
    if (!verified?.verified) return null;
    const used = await this.store.use(passkey, verified.authenticationInfo.newCounter, this.clock.date());
    return used ? passkey : null;
  }

  private async verified(passkey: Passkey, ceremony: Ceremony, response: AuthenticationResponseJSON) {
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
    const { credentialId, publicKey, signCount: counter } = passkey;
    const credential = { id: credentialId.toString('base64url'), publicKey: new Uint8Array(publicKey), counter };
    const requireUserVerification = ceremony.purpose === 'sign_in';
    const expected = this.expected(ceremony);
    return refusing(() => verifyAuthenticationResponse({ ...expected, response, credential, requireUserVerification }));
  }

  private expected(ceremony: Ceremony) {
    const { origins } = this.config.auth.passkeys;
    return {
      expectedChallenge: (challenge: string) => this.ceremonies.use(sha256(challenge), ceremony, this.clock.date()),
      expectedOrigin: [this.config.server.publicUrl, ...origins],
      expectedRPID: this.rpId,
    };
  }

  private begin(challenge: string, ceremony: Ceremony): Promise<void> {
    return this.ceremonies.add(sha256(challenge), ceremony, new Date(this.clock.now() + CEREMONY_TTL));
  }

  private get rpId(): string {
    return this.config.auth.passkeys.rpId ?? new URL(this.config.server.publicUrl).hostname;
  }
}

/** What a client sends is refused, not an error of ours; what the database cannot answer is. */
async function refusing<T>(verify: () => Promise<T>): Promise<T | null> {
  try {
    return await verify();
  } catch (error) {
    if (error instanceof AuthError) throw error;
    return null;
  }
}

/** A passkey signs in whom its own handle names; as a second factor it must belong to the person who is asked. */
function isOf(passkey: Passkey, userId: string | null, userHandle: string | undefined): boolean {
  if (userId !== null) return passkey.userId === userId;
  return userHandle === Buffer.from(handleOf(passkey.userId)).toString('base64url');
}

/** WebAuthn, section 14.6.1: the handle tells nothing about the person. */
function handleOf(userId: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(userId.replaceAll('-', ''), 'hex'));
}

function descriptorOf({ credentialId, transports }: Passkey) {
  return { id: credentialId.toString('base64url'), transports: [...transports] as AuthenticatorTransport[] };
}

function idsOf({ tenantId, userId }: UserRef): UserRef {
  return { tenantId, userId };
}
