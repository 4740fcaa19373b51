import { documented, type Documented } from '../../common/documented-route';
import * as schemas from './oidc.schemas';

const OPERATIONS = {
  listProviders: {
    summary: 'The providers that people of a tenant can sign in with.',
    status: 200,
    query: schemas.listQuery,
    errors: [400, 404, 429],
  },
  beginOidcLogin: {
    summary: 'Send the browser to the provider.',
    status: 302,
    query: schemas.loginQuery,
    errors: [400, 404, 429, 503],
  },
  finishOidcLogin: {
    summary:
      'Where the provider sends the browser back. Sets the cookies of the login and goes on to `return_to`, with `error` where there is none; with `mfa_required` the challenge stands behind the #.',
    status: 302,
    errors: [400, 404, 429],
  },
  exchangeCode: {
    summary: 'Sign in with an authorization code that the application got itself.',
    status: 200,
    body: schemas.exchangeBody,
    errors: [400, 401, 403, 404, 409, 429, 503],
  },
  beginLink: {
    summary: 'Begin to link an identity: the address at the provider that this browser goes to.',
    status: 200,
    body: schemas.linkBody,
    guarded: true,
    errors: [400, 401, 403, 404, 503],
  },
  oidcLogout: {
    summary: 'Sign out here and at the provider.',
    status: 302,
    query: schemas.logoutQuery,
    errors: [400, 401, 403, 404, 503],
  },
  backchannelLogout: {
    summary: 'For providers: somebody has signed out there.',
    status: 200,
    errors: [400, 404, 429, 503],
  },
  listIdentities: { summary: 'My identities at providers.', status: 200, guarded: true, errors: [401, 403, 503] },
  unlinkIdentity: {
    summary: 'Remove an identity.',
    status: 204,
    guarded: true,
    errors: [400, 401, 403, 404, 409, 503],
  },
} satisfies Record<string, Documented>;

export function ApiOidcOperation(name: keyof typeof OPERATIONS): MethodDecorator {
  return documented('auth', name, OPERATIONS[name]);
}
