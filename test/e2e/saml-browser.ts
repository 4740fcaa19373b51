import { createSign } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Answer, Problem } from '../support/http-client';
import * as forge from '../support/saml-forge';
import { IDP_KEYS, SERVICE_KEYS, type KeyPair } from '../support/saml-keys';
import type { Settings } from '../support/test-app';
import type { Me, Service } from './service';

export const PUBLIC_URL = 'https://latchkey.example';
export const ISSUER = 'https://idp.example/saml';
export const SSO_URL = 'https://idp.example/sso';
export const SLO_URL = 'https://idp.example/slo';

/** A provider `corp` that is configured by hand. */
export const CORP: Settings = { 'server.public_url': PUBLIC_URL, ...corp() };

export function corp(difference: Settings = {}, name = 'corp'): Settings {
  const settings: Settings = {
    'idp.entity_id': ISSUER,
    'idp.sso_url': SSO_URL,
    'idp.slo_url': SLO_URL,
    'idp.certificates': [IDP_KEYS.certificate],
    private_key: SERVICE_KEYS.key,
    certificate: SERVICE_KEYS.certificate,
    decryption_key: SERVICE_KEYS.key,
    decryption_certificate: SERVICE_KEYS.certificate,
    'attributes.name': 'displayName',
    'attributes.roles': 'groups',
    roles_allowed: ['editor'],
    email_verified: true,
    registration: 'open',
    ...difference,
  };
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [`federation.saml.${name}.${key}`, value]));
}

/** What a browser has after it was sent to the provider. */
export interface Begun {
  readonly requestId: string;
  readonly relayState: string;
  readonly cookie: string;
  readonly location: URL;
  readonly request: string;
}

interface Session {
  readonly nameId: string;
  readonly sessionIndex: string;
}

export interface LogoutDifference {
  readonly destination?: string;
  readonly issuer?: string;
  /** Milliseconds. */
  readonly age?: number;
  readonly keys?: KeyPair;
  readonly unsigned?: boolean;
  readonly tampered?: boolean;
}

const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

export interface SignedInHere {
  readonly token: string;
  readonly me: Me;
}

/** A browser between a service and a provider. */
export class SamlBrowser {
  constructor(
    private readonly service: Service,
    private readonly provider = 'corp',
  ) {}

  get path(): string {
    return `/auth/saml/${this.provider}`;
  }

  async begin(query = ''): Promise<Begun> {
    const answer = await this.service.http.get(`${this.path}/login${query}`);
    if (answer.status !== 303) throw new Error(`No way to the provider: ${answer.text}`);
    const location = new URL(answer.headers.get('location')!);
    const packed = location.searchParams.get('SAMLRequest')!;
    const request = inflateRawSync(Buffer.from(packed, 'base64')).toString();
    const relayState = location.searchParams.get('RelayState')!;
    const requestId = / ID="([^"]+)"/.exec(request)![1]!;
    return { requestId, relayState, cookie: cookieHeader(answer), location, request };
  }

  /** What the provider says; a test states what is different. */
  said({ requestId }: { readonly requestId: string }, difference: Partial<forge.Facts> = {}): forge.Facts {
    const base = `${PUBLIC_URL}${this.path}`;
    return forge.facts({
      issuer: ISSUER,
      audience: `${base}/metadata`,
      acsUrl: `${base}/acs`,
      requestId,
      now: this.service.clock.now(),
      ...difference,
    });
  }

  post(
    xml: string,
    { cookie = '', relayState = '' }: Partial<Begun> = {},
    deadline?: number,
  ): Promise<Answer<unknown>> {
    const form = { SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: relayState };
    return this.postForm(form, cookie, deadline);
  }

  postForm(form: Record<string, string>, cookie = '', deadline?: number): Promise<Answer<unknown>> {
    return this.service.http.post(`${this.path}/acs`, {
      deadline,
      raw: new URLSearchParams(form).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...(cookie !== '' && { cookie }) },
    });
  }

  /** A request to sign out, as a provider writes it. */
  logoutXml(
    { nameId, sessionIndex }: Session,
    { destination, issuer = ISSUER, age = 0 }: LogoutDifference = {},
  ): string {
    return (
      `<samlp:LogoutRequest ${forge.NAMESPACES} ID="${forge.newId()}" Version="2.0"` +
      ` IssueInstant="${forge.instant(this.service.clock.now() - age)}"` +
      ` Destination="${destination ?? `${PUBLIC_URL}${this.path}/slo`}"><saml:Issuer>${issuer}</saml:Issuer>` +
      `<saml:NameID>${nameId}</saml:NameID><samlp:SessionIndex>${sessionIndex}</samlp:SessionIndex></samlp:LogoutRequest>`
    );
  }

  /** The same in the redirect binding. */
  logout(session: Session, difference: LogoutDifference = {}): Promise<Answer<Problem>> {
    const request = deflateRawSync(this.logoutXml(session, difference)).toString('base64');
    const signed = new URLSearchParams([
      ['SAMLRequest', request],
      ['RelayState', 'state of the provider'],
      ...(difference.unsigned ? [] : [['SigAlg', RSA_SHA256] as [string, string]]),
    ]).toString();
    const { key } = difference.keys ?? IDP_KEYS;
    const signature = createSign('RSA-SHA256').update(signed).sign(key, 'base64');
    const tampered = difference.tampered ? signed.replace('state+of', 'State+of') : signed;
    const query = difference.unsigned ? signed : `${tampered}&Signature=${encodeURIComponent(signature)}`;
    return this.service.http.get(`${this.path}/slo?${query}`);
  }

  /** Follows the link that signs out here and there. */
  leave(cookie: string, query = '', more: Record<string, string> = {}): Promise<Answer<Problem>> {
    return this.service.http.get(`${this.path}/logout${query}`, { headers: { ...(cookie && { cookie }), ...more } });
  }

  /** Comes back from there with a form. */
  postAnswer(form: Record<string, string>, cookie = ''): Promise<Answer<Problem>> {
    return this.service.http.post(`${this.path}/slo`, {
      raw: new URLSearchParams(form).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...(cookie !== '' && { cookie }) },
    });
  }

  postLogout(xml: string): Promise<Answer<Problem>> {
    return this.service.http.post(`${this.path}/slo`, {
      raw: new URLSearchParams({ SAMLRequest: Buffer.from(xml).toString('base64') }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  }

  /** The whole way, as somebody whom the provider describes so. */
  async signIn(difference: Partial<forge.Facts> = {}, query = ''): Promise<Answer<unknown>> {
    const begun = await this.begin(query);
    return this.post(forge.assertionSigned(this.said(begun, difference)), begun);
  }
}

export function cookieHeader({ headers }: Answer<unknown>): string {
  return headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0]!)
    .join('; ');
}

/** Who a sign-in made this browser, by whichever of its cookies is an access token; null when there was none. */
export async function whoIs(service: Service, { headers }: Answer<unknown>): Promise<SignedInHere | null> {
  for (const cookie of headers.getSetCookie()) {
    const token = cookie.slice(cookie.indexOf('=') + 1).split(';')[0]!;
    const me = token === '' ? null : await service.me(token);
    if (me?.status === 200) return { token, me: me.body };
  }
  return null;
}
