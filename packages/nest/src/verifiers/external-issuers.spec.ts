import { fate, proofOf, verifierParts } from '../../../../test/support/downstream-parts';
import { IssuerServer, JWKS, newKey, signed } from '../../../../test/support/issuer-server';
import type { AccessTokenVerifier } from '../access-token-verifier';
import type { ExternalIssuer } from './external-issuer-options';
import { jwks } from './jwks.verifier';

const [OURS, KEYCLOAK, BETTER] = [newKey('ES256', 'same-name'), newKey('RS256', 'same-name'), newKey('EdDSA', 'b')];

let service: IssuerServer;
let keycloak: IssuerServer;
let better: IssuerServer;
let verifier: AccessTokenVerifier;

beforeEach(async () => {
  [service, keycloak, better] = [new IssuerServer(), new IssuerServer(), new IssuerServer()];
  [service.keys, keycloak.keys, better.keys] = [[OURS.jwk], [KEYCLOAK.jwk], [BETTER.jwk]];
  await Promise.all([service.start(), keycloak.start(), better.start()]);
});
afterEach(async () => {
  await verifier?.stop();
  await Promise.all([service.stop(), keycloak.stop(), better.stop()]);
});

async function trusting(...differences: Partial<ExternalIssuer>[]): Promise<AccessTokenVerifier> {
  const [of = {}, andOf] = differences;
  const issuers: ExternalIssuer[] = [
    {
      issuer: 'https://keycloak/realms/a',
      jwksUri: `${keycloak.url}${JWKS}`,
      audience: 'account',
      typ: ['JWT'],
      claims: { tenant: 'tenant_id', roles: ['realm_access.roles', 'resource_access.*.roles'] },
      ...of,
    },
    ...(andOf ? [{ issuer: 'https://better', jwksUri: `${better.url}${JWKS}`, audience: 'app', ...andOf }] : []),
  ];
  verifier = jwks({ url: service.url, audience: service.audience, issuers })(verifierParts());
  await verifier.start();
  return verifier;
}

const times = { iat: 1_700_000_000, exp: 4_000_000_000 };
const ofKeycloak = (difference: object = {}, header: object = {}): string =>
  signed(
    KEYCLOAK,
    {
      iss: 'https://keycloak/realms/a',
      aud: ['account', 'other'],
      sub: 'f:1:ada',
      tenant_id: 'acme',
      preferred_username: 'ada',
      realm_access: { roles: ['admin', 'user'] },
      resource_access: { app: { roles: ['editor'] }, account: { roles: ['user'] } },
      ...times,
      ...difference,
    },
    { typ: 'JWT', ...header },
  );

describe('tokens of another issuer', () => {
  it('are read by their own claims', async () => {
    await trusting();
    const { principal, mode, claims, issuer } = await proofOf(verifier, ofKeycloak());
    expect(issuer).toBe('https://keycloak/realms/a');
    expect(principal).toEqual({
      kind: 'user',
      userId: 'f:1:ada',
      tenantId: 'acme',
      email: null,
      username: 'ada',
      name: null,
      roles: ['admin', 'user', 'editor'],
    });
    expect([mode, claims?.['aud']]).toEqual(['stateless', ['account', 'other']]);
  });

  it('stand beside tokens of the service', async () => {
    await trusting();
    const own = signed(OURS, service.claims());
    expect(await fate(verifier, own)).toBe('ok');
    expect((await proofOf(verifier, own)).issuer).toBeUndefined();
    expect(await fate(verifier, ofKeycloak())).toBe('ok');
  });

  it('never pass with the keys of the service, nor the other way round, though the keys have one name', async () => {
    await trusting();
    const claims = { iss: 'https://keycloak/realms/a', aud: 'account', sub: 'x', tenant_id: 'acme', ...times };
    expect(await fate(verifier, signed(OURS, claims, { typ: 'JWT' }))).toBe('invalid_token');
    expect(await fate(verifier, signed(KEYCLOAK, service.claims()))).toBe('invalid_token');
  });

  it('belong to a fixed tenant where that is configured, whatever they say', async () => {
    await trusting({ tenant: 'the-one' });
    expect((await proofOf(verifier, ofKeycloak({ tenant_id: 'acme' }))).principal.tenantId).toBe('the-one');
  });

  it('may come without typ where that is allowed', async () => {
    await trusting({}, { typ: [null], tenant: 't', claims: { userId: 'id' } });
    const claims = { iss: 'https://better', aud: 'app', sub: 's', id: 'u7', ...times };
    expect((await proofOf(verifier, signed(BETTER, claims, { typ: undefined }))).principal.userId).toBe('u7');
    expect(await fate(verifier, signed(BETTER, claims, { typ: 'JWT' }))).toBe('invalid_token');
  });

  it('may carry a certificate thumbprint, which says nothing', async () => {
    await trusting();
    expect(await fate(verifier, ofKeycloak({}, { x5t: 'abc' }))).toBe('ok');
  });

  it.each<[string, object, object, string]>([
    ['another audience', { aud: 'other' }, {}, 'invalid_token'],
    ['no audience', { aud: undefined }, {}, 'invalid_token'],
    ['another type', {}, { typ: 'at+jwt' }, 'invalid_token'],
    ['no type', {}, { typ: undefined }, 'invalid_token'],
    ['no subject', { sub: undefined }, {}, 'invalid_token'],
    ['no end', { exp: undefined }, {}, 'invalid_token'],
    ['its end behind it', { exp: 1_700_000_001 }, {}, 'token_expired'],
    ['no time of issue', { iat: undefined }, {}, 'invalid_token'],
    ['no tenant', { tenant_id: undefined }, {}, 'invalid_token'],
    ['a tenant that is no text', { tenant_id: ['acme'] }, {}, 'invalid_token'],
    ['an unknown critical header', {}, { crit: ['b64'], b64: false }, 'invalid_token'],
  ])('are refused with %s', async (_, claims, header, code) => {
    await trusting();
    expect(await fate(verifier, ofKeycloak(claims, header))).toBe(code);
  });

  it.each<[string, object]>([
    ['a hash of the access token', { at_hash: 'x' }],
    ['a hash of the code', { c_hash: 'x' }],
    ['the events of a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
    ['the kind ID', { typ: 'ID' }],
    ['the kind Refresh', { typ: 'Refresh' }],
    ['the kind Offline', { typ: 'Offline' }],
    ['the kind Logout', { typ: 'Logout' }],
  ])('are refused when they are no access tokens: %s', async (_, claims) => {
    await trusting();
    expect(await fate(verifier, ofKeycloak({ ...claims }))).toBe('invalid_token');
    expect(await fate(verifier, ofKeycloak({ typ: 'Bearer' }))).toBe('ok');
  });

  it('are taken while the service, whose name is not known yet, is away', async () => {
    await service.stop();
    const issuers = [
      { issuer: 'https://keycloak/realms/a', jwksUri: `${keycloak.url}${JWKS}`, audience: 'account', tenant: 't' },
    ];
    verifier = jwks({ url: service.url, audience: 'api', issuers, onUnreachable: 'start' })(verifierParts());
    await verifier.start();
    expect(await fate(verifier, ofKeycloak())).toBe('ok');
    expect(await fate(verifier, ofKeycloak({ iss: 'https://nobody' }))).toBe('unavailable');
    expect(await fate(verifier, 'nonsense')).toBe('invalid_token');
  });

  it('must have the claims that are required of them', async () => {
    await trusting({ requiredClaims: ['sub', 'acr'] });
    expect(await fate(verifier, ofKeycloak())).toBe('invalid_token');
    expect(await fate(verifier, ofKeycloak({ acr: '1' }))).toBe('ok');
  });

  it('always end, whatever is required of them', async () => {
    await trusting({ requiredClaims: [] });
    expect(await fate(verifier, ofKeycloak({ exp: undefined }))).toBe('invalid_token');
  });

  it('are a matter of their issuer alone: the others serve while it is away', async () => {
    await trusting();
    await keycloak.stop();
    expect(await fate(verifier, signed(OURS, service.claims()))).toBe('ok');
  });

  it.each<[string, Partial<ExternalIssuer>]>([
    ['without an audience', { audience: '' }],
    ['with keys over plain http', { jwksUri: 'http://keycloak.example.com/certs' }],
    ['with a secret algorithm', { algorithms: ['HS256'] }],
    ['with a path that leads nowhere', { claims: { tenant: 'a..b' } }],
  ])('cannot be configured %s', async (_, difference) => {
    await expect(trusting(difference)).rejects.toThrow();
  });

  it('cannot be of two issuers with one name', async () => {
    await expect(trusting({}, { issuer: 'https://keycloak/realms/a' })).rejects.toThrow('one name');
  });
});
