import { randomBytes } from 'node:crypto';
import { SAML, generateServiceProviderMetadata, type SamlConfig } from '@node-saml/node-saml';
import { AuthError } from '@latchkey/nest';
import type { SamlProviderConfig } from '../../config/config';
import type { ProviderSession } from '../../identity/federated/saml-session.store';
import type { SamlProvider, ServiceUrls } from './saml-providers';

/** What a name without a format has (SAML core, 8.3.1). */
const UNSPECIFIED = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified';

/** An id that is valid XML and that nobody guesses. */
export function newMessageId(): string {
  return `_${randomBytes(20).toString('hex')}`;
}

export function isMessageId(text: string | undefined): text is string {
  return text !== undefined && /^_[0-9a-f]{40}$/.test(text);
}

/** Where the browser is sent with a request of this id; the id comes back as RelayState. */
export function loginUrl(provider: SamlProvider, requestId: string): Promise<string> {
  const { settings, idp } = provider;
  const saml = new SAML({
    ...common(provider),
    entryPoint: idp.ssoUrl,
    generateUniqueId: () => requestId,
    ...(settings.signRequests && signing(settings)),
  });
  return written(() => saml.getAuthorizeUrlAsync(requestId, undefined, {}));
}

/** Where the browser is sent with the answer to a request to sign out. Null where the provider names no such place. */
export async function logoutAnswerUrl(
  provider: SamlProvider,
  request: { readonly id: string; readonly relayState: string },
  done: boolean,
): Promise<string | null> {
  const { idp, settings } = provider;
  if (idp.sloUrl === null) return null;
  const saml = new SAML({
    ...common(provider),
    entryPoint: idp.sloUrl,
    logoutUrl: idp.sloUrl,
    generateUniqueId: newMessageId,
    ...signing(settings),
  });
  const asked = { ID: request.id, issuer: idp.entityId, nameID: '', nameIDFormat: '' };
  return written(() => saml.getLogoutResponseUrlAsync(asked, request.relayState, {}, done));
}

/** Where the browser is sent to sign out of that session; the id of the request comes back as RelayState. */
export function logoutRequestUrl(
  provider: SamlProvider,
  requestId: string,
  { issuer, nameId, nameIdFormat, sessionIndex }: ProviderSession,
): Promise<string> {
  const { idp, settings } = provider;
  const sloUrl = idp.sloUrl ?? '';
  const saml = new SAML({
    ...common(provider),
    entryPoint: sloUrl,
    logoutUrl: sloUrl,
    generateUniqueId: () => requestId,
    ...signing(settings),
  });
  const session = {
    issuer,
    nameID: nameId,
    nameIDFormat: nameIdFormat ?? UNSPECIFIED,
    ...(sessionIndex !== null && { sessionIndex }),
  };
  return written(() => saml.getLogoutUrlAsync(session, requestId, {}));
}

/** The metadata of this service, which the provider is configured with. */
export function serviceMetadata(entityId: string, urls: ServiceUrls, settings: SamlProviderConfig): string {
  const { decryptionKey, decryptionCertificate, nameIdFormat, wantAssertionsSigned } = settings;
  const encryption = decryptionKey !== undefined && decryptionCertificate !== undefined;
  return generateServiceProviderMetadata({
    issuer: entityId,
    callbackUrl: urls.acs,
    logoutCallbackUrl: urls.slo,
    identifierFormat: nameIdFormat ?? null,
    wantAssertionsSigned,
    ...(encryption && { decryptionPvk: decryptionKey, decryptionCert: decryptionCertificate }),
    ...(settings.signRequests && { ...signing(settings), publicCerts: settings.certificate }),
    generateUniqueId: newMessageId,
  });
}

/** A key that cannot sign is a failure of this provider's configuration. @throws AuthError `unavailable` */
async function written(write: () => Promise<string>): Promise<string> {
  try {
    return await write();
  } catch (cause) {
    throw new AuthError('unavailable', 'The provider cannot be used now', { cause, retryAfter: 30 });
  }
}

function common({ settings, trust, urls }: SamlProvider): SamlConfig {
  return {
    issuer: trust.audience,
    callbackUrl: urls.acs,
    // Answers are not judged by this library: it only writes messages here.
    idpCert: [...trust.certificates, 'none'],
    identifierFormat: settings.nameIdFormat ?? null,
    disableRequestedAuthnContext: true,
  };
}

function signing({ privateKey }: SamlProviderConfig): Partial<SamlConfig> {
  return privateKey === undefined ? {} : { privateKey, signatureAlgorithm: 'sha256' };
}
