import { documented, type Documented } from '../common/documented-route';
import * as schemas from './mfa.schemas';

const OPERATIONS = {
  verify: {
    summary: 'Finish a login with a second factor.',
    status: 200,
    body: schemas.verifyBody,
    errors: [400, 401, 403, 429, 503],
  },
  passkeyOptions: {
    summary: 'What a browser needs to answer with a passkey as second factor.',
    status: 200,
    body: schemas.challengeBody,
    errors: [400, 401, 503],
  },
  enrolTotp: {
    summary: 'Set up an authenticator application in the middle of a login.',
    status: 200,
    body: schemas.challengeBody,
    errors: [400, 401, 403, 409, 503],
  },
  confirmEnrolment: {
    summary: 'Confirm it with its first code; the login starts.',
    status: 200,
    body: schemas.enrolConfirmBody,
    errors: [400, 401, 403, 429, 503],
  },
  listFactors: { summary: 'My second factors.', status: 200, guarded: true, errors: [401, 403, 503] },
  beginTotp: {
    summary: 'Set up an authenticator application: key, address and QR code, told once.',
    status: 200,
    guarded: true,
    errors: [401, 403, 409, 503],
  },
  confirmTotp: {
    summary: 'Confirm it with its first code.',
    status: 200,
    body: schemas.confirmBody,
    guarded: true,
    errors: [400, 401, 403, 503],
  },
  removeTotp: {
    summary: 'Remove the authenticator application.',
    status: 204,
    body: schemas.endOthersBody,
    guarded: true,
    errors: [400, 401, 403, 404, 409, 503],
  },
  renewRecoveryCodes: {
    summary: 'Ten new recovery codes in place of the earlier ones.',
    status: 200,
    body: schemas.endOthersBody,
    guarded: true,
    errors: [400, 401, 403, 409, 503],
  },
  creationOptions: {
    summary: 'What a browser needs to make a passkey.',
    status: 200,
    guarded: true,
    errors: [401, 403, 503],
  },
  addPasskey: {
    summary: 'Add the passkey that the browser made.',
    status: 201,
    body: schemas.addPasskeyBody,
    guarded: true,
    errors: [400, 401, 403, 409, 503],
  },
  renamePasskey: {
    summary: 'Name a passkey.',
    status: 200,
    body: schemas.renameBody,
    guarded: true,
    errors: [400, 401, 403, 404, 503],
  },
  removePasskey: {
    summary: 'Remove a passkey.',
    status: 204,
    body: schemas.endOthersBody,
    guarded: true,
    errors: [400, 401, 403, 404, 409, 503],
  },
  requestOptions: {
    summary: 'What a browser needs to sign in with a passkey.',
    status: 200,
    body: schemas.passkeyOptionsBody,
    errors: [400, 404, 503],
  },
  passkeyLogin: {
    summary: 'Sign in with a passkey alone.',
    status: 200,
    body: schemas.passkeyLoginBody,
    errors: [400, 401, 403, 503],
  },
  stepUp: {
    summary: 'Prove oneself again: the same login goes on with stronger tokens.',
    status: 200,
    body: schemas.stepUpBody,
    guarded: true,
    errors: [400, 401, 403, 429, 503],
  },
  stepUpPasskeyOptions: {
    summary: 'What a browser needs to step up with a passkey.',
    status: 200,
    guarded: true,
    errors: [401, 403, 503],
  },
  listDevices: { summary: 'My remembered devices.', status: 200, guarded: true, errors: [401, 403, 503] },
  forgetDevice: { summary: 'Forget a device.', status: 204, guarded: true, errors: [400, 401, 403, 404, 503] },
} satisfies Record<string, Documented>;

/** Documents a route of second factors, passkeys and devices. */
export function ApiMfaOperation(name: keyof typeof OPERATIONS): MethodDecorator {
  return documented('auth', name, OPERATIONS[name]);
}
