import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import samlp from 'samlp';
import { IDP_KEYS, SERVICE_KEYS, type KeyPair } from './saml-keys';

/** Whom the provider has signed in. */
const USER = {
  id: 'maria.gonçalves',
  displayName: 'Maria Gonçalves Araújo',
  name: { familyName: 'Araújo', givenName: 'Maria' },
  emails: [{ value: 'maria@idp.example' }],
};

/** An identity provider of the library `samlp`, on a port of its own. */
export class SamlIdentityProvider {
  keys: KeyPair = IDP_KEYS;
  /** Listed in its metadata; what it signs with is `keys`. */
  published: readonly KeyPair[] = [IDP_KEYS];
  encrypts = false;
  signsResponse = false;
  reachable = true;
  metadataReads = 0;
  /** The name of the service, and where it takes answers to its requests to sign out. */
  participant = { entityId: '', sloUrl: '' };

  private constructor(
    private readonly server: Server,
    private readonly acsUrl: string,
  ) {}

  static async start(acsUrl: string): Promise<SamlIdentityProvider> {
    const server = createServer();
    const provider = new SamlIdentityProvider(server, acsUrl);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => provider.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get issuer(): string {
    return 'urn:example:identity-provider';
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (!this.reachable) return void response.writeHead(502).end();
    if (pathname === '/metadata') {
      this.metadataReads += 1;
      return void response.end(this.metadata());
    }
    const seen = Object.assign(request, { query: Object.fromEntries(searchParams) });
    const shown = Object.assign(response, {
      set: (name: string, value: string) => response.setHeader(name, value),
      send: (body: string) => response.end(body),
    });
    if (pathname === '/slo') return this.signOut(seen, shown, response);
    const encryption = { encryptionCert: SERVICE_KEYS.certificate, encryptionPublicKey: SERVICE_KEYS.certificate };
    samlp.auth({
      issuer: this.issuer,
      cert: this.keys.certificate,
      key: this.keys.key,
      recipient: this.acsUrl,
      destination: this.acsUrl,
      sessionIndex: '_of-samlp',
      signResponse: this.signsResponse,
      ...(this.encrypts && encryption),
      encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
      getUserFromRequest: () => USER,
      getPostURL: (_audience, _request, _incoming, callback) => callback(null, this.acsUrl),
    })(seen, shown, (error) => response.writeHead(500).end(String(error)));
  }

  /** Believes nobody but the participant, by its signature; answers with a form that the browser posts. */
  private signOut(request: object, response: object, raw: ServerResponse): void {
    let kept: unknown;
    const { entityId: serviceProviderId, sloUrl: serviceProviderLogoutURL } = this.participant;
    const participants = {
      get: (
        issuer: string,
        sessionIndices: string[],
        nameId: string,
        done: (error: unknown, found?: object) => void,
      ) => {
        const known = issuer === serviceProviderId && sessionIndices[0] === '_of-samlp' && nameId === USER.id;
        const { certificate: cert } = SERVICE_KEYS;
        done(
          null,
          known ? { serviceProviderId, sessionIndex: '_of-samlp', nameId, serviceProviderLogoutURL, cert } : undefined,
        );
      },
      remove: (_issuer: string, _index: string, _nameId: string, done: (error: unknown) => void) => done(null),
      hasElements: () => false,
    };
    samlp.logout({
      issuer: this.issuer,
      cert: this.keys.certificate,
      key: this.keys.key,
      deflate: true,
      protocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
      sessionParticipants: participants,
      store: {
        save: (_request: unknown, facts: unknown, done: (error: unknown, id: string) => void) => {
          kept = facts;
          done(null, 'kept');
        },
        load: (_request: unknown, _id: string, _options: unknown, done: (error: unknown, facts: unknown) => void) =>
          done(null, kept),
      },
    })(Object.assign(request, { body: {} }), response, (error) => raw.writeHead(400).end(String(error)));
  }

  private metadata(): string {
    const keys = this.published.map(({ certificate }) => {
      const base64 = certificate.replace(/-----[A-Z ]+-----|\s/g, '');
      return `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;
    });
    return (
      '<?xml version="1.0"?><!-- made by hand -->' +
      '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"' +
      ` entityID="${this.issuer}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
      `${keys.join('')}<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"` +
      ` Location="${this.url}/slo"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"` +
      ` Location="${this.url}/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
    );
  }
}
