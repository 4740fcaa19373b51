import { z } from 'zod';
import { transport } from './auth.schemas';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';

const code = z.string().min(1).max(64);
const challenge = z.string().min(1).max(128);
const tenantId = z.uuid().optional();
const endOtherSessions = z.boolean().default(true).describe('Ends the other logins of the account');

const base64url = (longest: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'must be base64url')
    .max(longest);
const credential = {
  id: base64url(2048),
  rawId: base64url(2048),
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional(),
  clientExtensionResults: z.looseObject({}).default({}),
};

/** `PublicKeyCredential.toJSON()` of `navigator.credentials.get`; browsers add members of their own. */
const assertion = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(8192),
      authenticatorData: base64url(8192),
      signature: base64url(4096),
      userHandle: base64url(128).nullish(),
    }),
  })
  .transform((value) => value as unknown as AuthenticationResponseJSON);

/** The same of `navigator.credentials.create`. */
const attestation = z
  .object({
    ...credential,
    response: z.object({
      clientDataJSON: base64url(8192),
      attestationObject: base64url(65_536),
      transports: z.array(z.string().max(32)).max(16).optional(),
    }),
  })
  .transform((value) => value as unknown as RegistrationResponseJSON);

const passkeyName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Surrogate}]*$/u, 'must not contain control characters');

export const verifyBody = z
  .strictObject({
    challenge,
    code: code.optional(),
    passkey: assertion.optional(),
    trust_device: z.boolean().default(false),
    transport,
  })
  .refine((body) => (body.code === undefined) !== (body.passkey === undefined), {
    path: ['code'],
    message: 'give either code or passkey',
  });
export const challengeBody = z.strictObject({ challenge });
export const enrolConfirmBody = z.strictObject({ challenge, code, transport });
export const confirmBody = z.strictObject({ code, end_other_sessions: endOtherSessions });
export const endOthersBody = z.strictObject({ end_other_sessions: endOtherSessions }).prefault({}).nullable();
export const addPasskeyBody = z.strictObject({
  passkey: attestation,
  name: passkeyName.default('Passkey'),
  end_other_sessions: endOtherSessions,
});
export const renameBody = z.strictObject({ name: passkeyName });
export const passkeyOptionsBody = z.strictObject({ tenant_id: tenantId }).prefault({}).nullable();
export const passkeyLoginBody = z.strictObject({
  passkey: assertion,
  tenant_id: tenantId,
  remember: z.boolean().default(true),
  transport,
});
export const stepUpBody = z
  .strictObject({
    refresh_token: z.string().min(1).max(8192).optional().describe('Default: that of the cookie'),
    password: z.string().min(1).max(1024).optional(),
    code: code.optional(),
    passkey: assertion.optional(),
  })
  .refine((body) => [body.password, body.code, body.passkey].filter((proof) => proof !== undefined).length === 1, {
    path: ['password'],
    message: 'give one of password, code and passkey',
  });
export const id = z.uuid();

export type VerifyBody = z.infer<typeof verifyBody>;
export type ChallengeBody = z.infer<typeof challengeBody>;
export type EnrolConfirmBody = z.infer<typeof enrolConfirmBody>;
export type ConfirmBody = z.infer<typeof confirmBody>;
export type EndOthersBody = z.infer<typeof endOthersBody>;
export type AddPasskeyBody = z.infer<typeof addPasskeyBody>;
export type RenameBody = z.infer<typeof renameBody>;
export type PasskeyOptionsBody = z.infer<typeof passkeyOptionsBody>;
export type PasskeyLoginBody = z.infer<typeof passkeyLoginBody>;
export type StepUpBody = z.infer<typeof stepUpBody>;
