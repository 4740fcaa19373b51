import { randomBytes } from 'node:crypto';
import { signXml } from '@node-saml/node-saml/lib/xml';
import { encrypt } from 'xml-encryption';
import { IDP_KEYS, SERVICE_KEYS, type KeyPair } from './saml-keys';

/** Everything that an answer of a provider says; a test states what is different. */
export interface Facts {
  readonly issuer: string;
  readonly audience: string;
  readonly acsUrl: string;
  /** Empty: an answer that nobody asked for. */
  readonly requestId: string;
  /** Milliseconds. */
  readonly now: number;
  readonly nameId: string;
  readonly nameIdFormat: string;
  readonly sessionIndex: string;
  /** Further statements, as XML. */
  readonly attributes: string;
  readonly assertionId: string;
  readonly responseId: string;
}

export interface Signing {
  readonly keys?: KeyPair;
  readonly algorithm?: 'sha1' | 'sha256' | 'sha512';
}

export const NAMESPACES =
  'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"';
const MINUTE = 60_000;

export const newId = (): string => `_${randomBytes(16).toString('hex')}`;
export const instant = (milliseconds: number): string => new Date(milliseconds).toISOString();

export function facts(difference: Partial<Facts>): Facts {
  return {
    issuer: 'https://idp.example/saml',
    audience: 'https://latchkey.example/saml',
    acsUrl: 'https://latchkey.example/auth/saml/corp/acs',
    requestId: '_request',
    now: 0,
    nameId: 'ada@idp.example',
    nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    sessionIndex: '_session',
    attributes: '',
    assertionId: newId(),
    responseId: newId(),
    ...difference,
  };
}

export function attribute(name: string, ...values: readonly string[]): string {
  const inside = values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('');
  return `<saml:Attribute Name="${name}">${inside}</saml:Attribute>`;
}

/** An assertion as a careful provider writes it. */
export function assertionXml(said: Facts): string {
  const { now, requestId, acsUrl } = said;
  const until = instant(now + 5 * MINUTE);
  const answers = requestId === '' ? '' : ` InResponseTo="${requestId}"`;
  return (
    `<saml:Assertion ${NAMESPACES} ID="${said.assertionId}" Version="2.0" IssueInstant="${instant(now)}">` +
    `<saml:Issuer>${said.issuer}</saml:Issuer>` +
    `<saml:Subject><saml:NameID Format="${said.nameIdFormat}">${said.nameId}</saml:NameID>` +
    '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">' +
    `<saml:SubjectConfirmationData NotOnOrAfter="${until}" Recipient="${acsUrl}"${answers}/>` +
    '</saml:SubjectConfirmation></saml:Subject>' +
    `<saml:Conditions NotBefore="${instant(now - MINUTE)}" NotOnOrAfter="${until}">` +
    `<saml:AudienceRestriction><saml:Audience>${said.audience}</saml:Audience></saml:AudienceRestriction>` +
    '</saml:Conditions>' +
    `<saml:AuthnStatement AuthnInstant="${instant(now)}" SessionIndex="${said.sessionIndex}"` +
    ` SessionNotOnOrAfter="${instant(now + 480 * MINUTE)}"><saml:AuthnContext><saml:AuthnContextClassRef>` +
    'urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>' +
    `</saml:AuthnStatement>${said.attributes && `<saml:AttributeStatement>${said.attributes}</saml:AttributeStatement>`}` +
    '</saml:Assertion>'
  );
}

export function responseXml({ requestId, ...said }: Facts, assertion: string): string {
  const answers = requestId === '' ? '' : ` InResponseTo="${requestId}"`;
  return (
    `<samlp:Response ${NAMESPACES} ID="${said.responseId}" Version="2.0" IssueInstant="${instant(said.now)}"` +
    ` Destination="${said.acsUrl}"${answers}><saml:Issuer>${said.issuer}</saml:Issuer>` +
    '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>' +
    `${assertion}</samlp:Response>`
  );
}

/** Signs the element of this name, as the profile wants it: enveloped, behind the issuer. */
export function signed(xml: string, element: string, { keys = IDP_KEYS, algorithm = 'sha256' }: Signing = {}): string {
  const path = `//*[local-name(.)='${element}']`;
  const location = { reference: `${path}/*[local-name(.)='Issuer']`, action: 'after' as const };
  const options = { privateKey: keys.key, publicCert: keys.certificate };
  return signXml(xml, path, location, { ...options, signatureAlgorithm: algorithm, digestAlgorithm: algorithm });
}

/** An answer whose assertion is signed. */
export function assertionSigned(said: Facts, signing?: Signing): string {
  return responseXml(said, signed(assertionXml(said), 'Assertion', signing));
}

/** An answer that is signed as a whole. */
export function responseSigned(said: Facts, signing?: Signing): string {
  return signed(responseXml(said, assertionXml(said)), 'Response', signing);
}

export interface Encryption {
  readonly algorithm?: string;
  readonly keyAlgorithm?: string;
}

export const GCM = 'http://www.w3.org/2009/xmlenc11#aes256-gcm';
export const CBC = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc';
export const OAEP = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';

export function encrypted(
  assertion: string,
  { algorithm = GCM, keyAlgorithm = OAEP }: Encryption = {},
): Promise<string> {
  const options = {
    rsa_pub: SERVICE_KEYS.certificate,
    pem: SERVICE_KEYS.certificate,
    encryptionAlgorithm: algorithm,
    keyEncryptionAlgorithm: keyAlgorithm,
    warnInsecureAlgorithm: false,
  };
  return new Promise((resolve, reject) => {
    encrypt(assertion, options as never, (error: Error | null, data?: string) => {
      if (error || data === undefined) reject(error ?? new Error('Nothing was encrypted'));
      else resolve(`<saml:EncryptedAssertion>${data}</saml:EncryptedAssertion>`);
    });
  });
}

const ASSERTION = /<saml:Assertion[\s\S]*<\/saml:Assertion>/;
const SIGNATURE = /<Signature[\s\S]*?<\/Signature>/;

export const assertionIn = (xml: string): string => ASSERTION.exec(xml)![0];
export const signatureIn = (xml: string): string => SIGNATURE.exec(xml)![0];
export const withoutSignature = (xml: string): string => xml.replace(SIGNATURE, '');

/** The same message about somebody else, under another id and without a signature. */
export function evilTwin(xml: string, { nameId }: Facts): string {
  return withoutSignature(xml)
    .replace(/ID="_[0-9a-f]{32}"/g, () => `ID="${newId()}"`)
    .replace(`>${nameId}<`, '>victim@idp.example<');
}

const inSignature = (signature: string, xml: string): string =>
  signature.replace('</Signature>', () => `<Object>${xml}</Object></Signature>`);
const after = (xml: string, tag: string, more: string): string => xml.replace(tag, () => `${tag}${more}`);

/** The eight ways of wrapping a signature of Somorovsky et al., "On Breaking SAML" (2012); the first two wrap responses. */
export function wrapped(variant: number, good: string, said: Facts): string {
  const signature = signatureIn(good);
  if (variant <= 2) {
    const evil = evilTwin(good, said);
    const naked = withoutSignature(good);
    const inside = variant === 1 ? inSignature(signature, naked) : `${naked}${signature}`;
    return after(evil, '</saml:Issuer>', inside);
  }
  const original = assertionIn(good);
  const naked = withoutSignature(original);
  const evil = evilTwin(original, said);
  const put = (xml: string): string => good.replace(original, () => xml);
  switch (variant) {
    case 3:
      return put(`${evil}${original}`);
    case 4:
      return put(evil.replace('</saml:Assertion>', () => `${original}</saml:Assertion>`));
    case 5:
      return put(`${after(evil, '</saml:Issuer>', signature)}${naked}`);
    case 6:
      return put(after(evil, '</saml:Issuer>', inSignature(signature, naked)));
    case 7:
      return put(`<samlp:Extensions>${evil}</samlp:Extensions>${original}`);
    default:
      return put(after(evil, '</saml:Issuer>', `${signature}<samlp:Extensions>${naked}</samlp:Extensions>`));
  }
}
