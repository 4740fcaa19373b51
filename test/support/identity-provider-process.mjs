// A real provider of OpenID Connect with the claims of a Keycloak realm. Whoever comes is the account that was set last.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const REALM = '/realms/acme';
// Clients of this name get access tokens that are JWTs, as Keycloak gives everybody.
const RESOURCE = 'https://api.example.com/';
const isApplication = ({ clientId }) => clientId.startsWith('app-');
const { clients } = JSON.parse(process.argv[2]);
let account = { sub: 'nobody' };

const server = createServer((request, response) => void answer(request, response));
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const issuer = `http://127.0.0.1:${server.address().port}${REALM}`;

const provider = new Provider(issuer, {
  clients,
  cookies: { keys: ['a key for cookies of tests'] },
  claims: {
    openid: ['sub', 'tenant_id', 'realm_access', 'resource_access'],
    email: ['email', 'email_verified'],
    profile: ['name', 'preferred_username'],
  },
  conformIdTokenClaims: false,
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client) => (isApplication(client) ? RESOURCE : undefined),
      useGrantedResource: () => true,
      getResourceServerInfo: (_, __, client) => ({
        scope: 'openid email profile',
        audience: client.clientId,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
  extraTokenClaims: () => ({ ...account, sub: undefined, amr: undefined }),
  // Whoever presents a refresh token twice loses the grant.
  rotateRefreshToken: ({ oidc }) => isApplication(oidc.client),
  pkce: { required: () => true },
  scopes: ['openid', 'email', 'profile', 'offline_access'],
  issueRefreshToken: async () => true,
  interactions: { url: (_, { uid }) => `${REALM}/interaction/${uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...account, sub }) }),
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid email profile offline_access');
    grant.addResourceScope(RESOURCE, 'openid email profile');
    await grant.save();
    return grant;
  },
  ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 300, Interaction: 300, Session: 300, Grant: 300 },
});
const callback = provider.callback();

async function answer(request, response) {
  request.originalUrl = request.url;
  request.url = request.url.slice(REALM.length);
  if (!request.url.startsWith('/interaction/')) return callback(request, response);
  request.url = request.originalUrl;
  const login = { accountId: account.sub, amr: account.amr, acr: account.acr };
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
}

process.on('message', (next) => {
  account = next;
  process.send({ set: true });
});
process.on('disconnect', () => process.exit(0));
process.send({ issuer });
