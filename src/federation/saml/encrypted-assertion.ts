import { decryptXml } from '@node-saml/node-saml/lib/xml';
import { refuse, refuseUnless } from './saml-refusal';
import { ASSERTION, type SamlTrust } from './saml-trust';
import { DSIG, requireSignatures, signedPart } from './xml-signature';
import {
  allNamed,
  attributeOf,
  childrenNamed,
  childrenOf,
  is,
  readXml,
  type XmlDocument,
  type XmlElement,
} from './xml-document';

const XMLENC = 'http://www.w3.org/2001/04/xmlenc#';
const OAEP = `${XMLENC}rsa-oaep-mgf1p`;
const AUTHENTICATED = ['http://www.w3.org/2009/xmlenc11#aes128-gcm', 'http://www.w3.org/2009/xmlenc11#aes256-gcm'];
/** Without a signature around it, CBC tells whoever changes it what is inside. */
const IN_SIGNED_RESPONSES = [`${XMLENC}aes128-cbc`, `${XMLENC}aes256-cbc`];

/** Encryption proves nobody: our key is public. The assertion inside must be signed, whatever is around it. */
export async function decryptedAssertion(
  encrypted: XmlElement,
  trust: SamlTrust,
  responseIsSigned: boolean,
): Promise<XmlDocument> {
  const data = requireEncryption(encrypted, responseIsSigned);
  const assertion = await readXml(await decrypted(data, trust.decryptionKey ?? refuse('decryption')));
  const { root } = assertion;
  refuseUnless(is(root, ASSERTION, 'Assertion') && allNamed(root, 'Assertion').length === 1, 'structure');
  requireSignatures(root, [root]);
  return signedPart(assertion, root, trust.certificates);
}

function requireEncryption(encrypted: XmlElement, responseIsSigned: boolean): XmlElement {
  const [data, ...more] = childrenOf(encrypted);
  refuseUnless(!!data && more.length === 0 && is(data, XMLENC, 'EncryptedData'), 'decryption');
  const info = childrenNamed(data, DSIG, 'KeyInfo')[0];
  const key = info && childrenNamed(info, XMLENC, 'EncryptedKey')[0];
  refuseUnless(!!key && allNamed(data, 'EncryptedKey').length === 1, 'decryption');
  const allowed = responseIsSigned ? [...AUTHENTICATED, ...IN_SIGNED_RESPONSES] : AUTHENTICATED;
  refuseUnless(allowed.includes(algorithmOf(data)) && algorithmOf(key) === OAEP, 'algorithm_not_allowed');
  return data;
}

function algorithmOf(element: XmlElement): string {
  const [method, ...more] = childrenNamed(element, XMLENC, 'EncryptionMethod');
  return (method && more.length === 0 && attributeOf(method, 'Algorithm')) || '';
}

async function decrypted(data: XmlElement, key: string): Promise<string> {
  try {
    // An element of the parser writes itself as XML.
    return await decryptXml(String(data), key);
  } catch {
    return refuse('decryption');
  }
}
