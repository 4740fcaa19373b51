import { documented, type Documented } from '../common/documented-route';
import * as schemas from './auth.schemas';
import * as recovery from './recovery.schemas';

const OPERATIONS = {
  register: {
    summary: 'Make an account. The answer is the same whether or not the address was free.',
    status: 202,
    body: schemas.registerBody,
    errors: [400, 404, 422, 429, 503],
  },
  login: {
    summary: 'Sign in with a password.',
    status: 200,
    body: schemas.loginBody,
    errors: [400, 401, 403, 409, 429, 503],
  },
  refresh: {
    summary: 'Exchange a refresh token of either kind.',
    status: 200,
    body: schemas.refreshBody,
    errors: [400, 401, 429, 503],
  },
  logout: { summary: 'End this login. The answer says from when on.', status: 200, guarded: true, errors: [401, 503] },
  forgotPassword: {
    summary: 'Ask for a message with a code for a new password. The answer is the same for every address.',
    status: 202,
    body: recovery.addressBody,
    errors: [400, 404, 503],
  },
  resetPassword: {
    summary: 'Set a new password with the code from the message. Signs nobody in.',
    status: 204,
    body: recovery.resetBody,
    errors: [400, 401, 422, 503],
  },
  showInvitation: {
    summary: 'What an invitation is for; uses nothing up.',
    status: 200,
    body: recovery.codeBody,
    errors: [400, 401, 404, 503],
  },
  acceptInvitation: {
    summary: 'Make the account that somebody was invited to. Signs nobody in.',
    status: 201,
    body: recovery.acceptInvitationBody,
    errors: [400, 401, 404, 409, 422, 503],
  },
  changePassword: {
    summary: 'Replace the password; this login goes on.',
    status: 204,
    body: recovery.changePasswordBody,
    guarded: true,
    errors: [400, 401, 403, 422, 429, 503],
  },
  verifyEmail: {
    summary: 'Confirm an address with the code that was sent to it.',
    status: 204,
    body: recovery.codeBody,
    errors: [400, 401, 503],
  },
  resendVerification: {
    summary: 'Ask for another code. The answer is the same for every address.',
    status: 202,
    body: recovery.addressBody,
    errors: [400, 404, 503],
  },
  changeEmail: {
    summary: 'Begin a change of address: a code is sent to the old one and to the new one.',
    status: 202,
    body: recovery.changeEmailBody,
    guarded: true,
    errors: [400, 401, 403, 404, 429, 503],
  },
  confirmEmailChange: {
    summary: 'Use one of the two codes. The address changes with the second.',
    status: 200,
    body: recovery.codeBody,
    errors: [400, 401, 409, 503],
  },
  ticket: {
    summary: 'A single-use ticket for a WebSocket handshake that cannot carry the token.',
    status: 200,
    guarded: true,
    errors: [400, 401, 403, 429, 503],
  },
  me: { summary: 'Who am I.', status: 200, guarded: true, errors: [401, 503] },
  mode: { summary: 'What the mode of the tenant can do.', status: 200, query: schemas.modeQuery, errors: [400, 429] },
  listSessions: { summary: 'My logins.', status: 200, guarded: true, errors: [401, 409, 503] },
  revokeSession: { summary: 'End one of my logins.', status: 204, guarded: true, errors: [400, 401, 404, 409, 503] },
  revokeAllSessions: {
    summary: 'End all my logins; `except=current` keeps this one.',
    status: 204,
    query: schemas.revokeQuery,
    guarded: true,
    errors: [400, 401, 409, 503],
  },
} satisfies Record<string, Documented>;

/** Documents a route of `/auth`. */
export function ApiAuthOperation(name: keyof typeof OPERATIONS): MethodDecorator {
  return documented('auth', name, OPERATIONS[name]);
}
