import { documented, type Documented } from '../../common/documented-route';
import * as schemas from './saml.schemas';

const OPERATIONS = {
  beginSamlLogin: {
    summary: 'Send the browser to the provider.',
    status: 303,
    query: schemas.loginQuery,
    errors: [400, 404, 429, 503],
  },
  finishSamlLogin: {
    summary:
      'Where the provider sends the browser back. Sets the cookies of the login and goes on to `return_to`, with `error` where there is none; with `mfa_required` the challenge stands behind the #.',
    status: 303,
    errors: [400, 404, 415, 429],
  },
  exchangeSamlCode: {
    summary: 'Take over a login that an application began with `redirect_uri` and `code_challenge`.',
    status: 200,
    body: schemas.exchangeBody,
    errors: [400, 401, 403, 404, 409, 429, 503],
  },
  samlMetadata: { summary: 'What the provider is configured with.', status: 200, errors: [404, 429] },
  beginSamlLogout: {
    summary:
      'Sign out here and at the provider that began the login. Needs no token: nobody who wants to leave is kept.',
    status: 303,
    query: schemas.logoutQuery,
    errors: [400, 403, 404, 429, 503],
  },
  samlLogout: {
    summary:
      'For providers: somebody has signed out there; the request must be signed. And where browsers come back to that signed out there.',
    status: 303,
    errors: [400, 404, 429, 503],
  },
  samlLogoutForm: {
    summary: 'The same as a form.',
    status: 303,
    errors: [400, 404, 415, 429, 503],
  },
} satisfies Record<string, Documented>;

export function ApiSamlOperation(name: keyof typeof OPERATIONS): MethodDecorator {
  return documented('auth', name, OPERATIONS[name]);
}
