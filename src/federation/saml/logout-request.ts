import { createPublicKey, createVerify } from 'node:crypto';
import { nameIdText } from './assertion-identity';
import { postedMessage, redirectedMessage } from './saml-message';
import { refuse, refuseUnless, SamlRefusal } from './saml-refusal';
import { instantOf, requireFresh } from './saml-time';
import { ASSERTION, PROTOCOL, type SamlTrust } from './saml-trust';
import { requireSignatures, signedPart } from './xml-signature';
import { attributeOf, childrenNamed, is, readXml, textOf, type XmlElement } from './xml-document';

/** What a provider asks: that these sessions end. */
export interface LogoutRequest {
  readonly id: string;
  readonly nameId: string;
  /** None: every session of that person. */
  readonly sessionIndexes: readonly string[];
}

export interface LogoutTrust extends SamlTrust {
  readonly sloUrl: string;
}

const HASHES: Readonly<Record<string, string>> = {
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256': 'RSA-SHA256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': 'RSA-SHA512',
};

/** A signed form. @throws SamlRefusal */
export function postedLogout(message: string, trust: LogoutTrust, now: number): Promise<LogoutRequest> {
  return believed(async () => {
    const document = await readXml(postedMessage(message));
    requireSignatures(document.root, [document.root]);
    const { root } = await signedPart(document, document.root, trust.certificates);
    return requestOf(root, trust, now);
  });
}

/**
 * A signed query (Bindings, 3.4.4.1). What is signed is the query as it was sent, so that is what is verified.
 * @throws SamlRefusal
 */
export function redirectedLogout(query: string, trust: LogoutTrust, now: number): Promise<LogoutRequest> {
  return believed(async () => {
    const request = requireSignedQuery(query, trust);
    const { root } = await readXml(redirectedMessage(request));
    return requestOf(root, trust, now);
  });
}

function requireSignedQuery(query: string, { certificates }: LogoutTrust): string {
  const parts = new Map(query.split('&').map((part) => [part.slice(0, part.indexOf('=')), part] as const));
  refuseUnless(parts.size === query.split('&').length, 'structure');
  const value = (name: string): string => new URLSearchParams(parts.get(name) ?? '').get(name) ?? '';
  refuseUnless(parts.has('Signature') && parts.has('SigAlg'), 'signature_missing');
  const hash = HASHES[value('SigAlg')] ?? refuse('algorithm_not_allowed');
  const signed = ['SAMLRequest', 'RelayState', 'SigAlg'].flatMap((name) => parts.get(name) ?? []).join('&');
  const signature = Buffer.from(value('Signature'), 'base64');
  const proven = certificates.some((pem) => createVerify(hash).update(signed).verify(createPublicKey(pem), signature));
  refuseUnless(proven, 'signature_invalid');
  return value('SAMLRequest');
}

function requestOf(root: XmlElement, trust: LogoutTrust, now: number): LogoutRequest {
  refuseUnless(is(root, PROTOCOL, 'LogoutRequest'), 'not_a_response');
  refuseUnless(attributeOf(root, 'Version') === '2.0', 'version');
  refuseUnless(attributeOf(root, 'Destination') === trust.sloUrl, 'destination');
  requireFresh(attributeOf(root, 'IssueInstant'), now, trust.leeway);
  const until = attributeOf(root, 'NotOnOrAfter');
  if (until !== null) refuseUnless(now < instantOf(until, 'conditions') + trust.leeway, 'conditions');
  const [issuer, ...more] = childrenNamed(root, ASSERTION, 'Issuer');
  refuseUnless(!!issuer && more.length === 0 && textOf(issuer) === trust.issuer, 'issuer');
  const [nameId, ...others] = childrenNamed(root, ASSERTION, 'NameID');
  refuseUnless(!!nameId && others.length === 0, 'name_id');
  return {
    id: attributeOf(root, 'ID') ?? refuse('structure'),
    nameId: nameIdText(nameId),
    sessionIndexes: childrenNamed(root, PROTOCOL, 'SessionIndex').map(textOf),
  };
}

async function believed<T>(judge: () => Promise<T>): Promise<T> {
  try {
    return await judge();
  } catch (error) {
    throw error instanceof SamlRefusal ? error : new SamlRefusal('not_xml');
  }
}
