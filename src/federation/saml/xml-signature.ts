import { getVerifiedXml } from '@node-saml/node-saml/lib/xml';
import { refuse, refuseUnless } from './saml-refusal';
import {
  allNamed,
  attributeOf,
  childrenNamed,
  childrenOf,
  is,
  readXml,
  textOf,
  type XmlDocument,
  type XmlElement,
} from './xml-document';

export const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const ENVELOPED = `${DSIG}enveloped-signature`;

/** SHA-2 and public keys alone. An HMAC would be keyed with a certificate that everybody has. */
export const SIGNATURE_ALGORITHMS: readonly string[] = [
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
];
const DIGEST_ALGORITHMS: readonly string[] = [
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
];
const BASE64 = /^[A-Za-z0-9+/=\s]+$/;

/** Every signature of a message signs its own parent, which must be one of these, with an algorithm that is allowed. */
export function requireSignatures(root: XmlElement, owners: readonly XmlElement[]): void {
  const signatures = allNamed(root, 'Signature');
  for (const signature of signatures) {
    const owner = owners.find((element) => element === signature.parentNode);
    refuseUnless(owner !== undefined && is(signature, DSIG, 'Signature'), 'signature_misplaced');
    refuseUnless(childrenNamed(owner, DSIG, 'Signature').length === 1, 'signature_misplaced');
    requireSignature(signature, owner);
  }
}

export function isSigned(element: XmlElement): boolean {
  return childrenNamed(element, DSIG, 'Signature').length > 0;
}

/**
 * What a signature on this element covers, read anew from exactly the bytes that were hashed. Nothing of the document
 * that it came in is left. @throws SamlRefusal `signature_missing`, `signature_invalid`
 */
export async function signedPart(
  { text }: XmlDocument,
  element: XmlElement,
  certificates: readonly string[],
): Promise<XmlDocument> {
  refuseUnless(isSigned(element), 'signature_missing');
  const signed = await readXml(verified(text, element, certificates) ?? refuse('signature_invalid'));
  const { root } = signed;
  const same = root.localName === element.localName && root.namespaceURI === element.namespaceURI;
  refuseUnless(same && attributeOf(root, 'ID') === attributeOf(element, 'ID'), 'signature_invalid');
  return signed;
}

function verified(text: string, element: XmlElement, certificates: readonly string[]): string | null {
  try {
    return getVerifiedXml(text, element as never, [...certificates]);
  } catch {
    return null;
  }
}

function requireSignature(signature: XmlElement, owner: XmlElement): void {
  const [info, value, ...keys] = childrenOf(signature);
  refuseUnless(!!info && is(info, DSIG, 'SignedInfo'), 'signature_structure');
  refuseUnless(!!value && is(value, DSIG, 'SignatureValue') && BASE64.test(textOf(value)), 'signature_structure');
  // What KeyInfo says is not asked: keys come from the configuration.
  refuseUnless(keys.length <= 1 && keys.every((key) => is(key, DSIG, 'KeyInfo')), 'signature_structure');
  const [canonicalization, method, reference, ...more] = childrenOf(info);
  refuseUnless(more.length === 0, 'signature_structure');
  requireAlgorithm(canonicalization, 'CanonicalizationMethod', [EXCLUSIVE]);
  requireAlgorithm(method, 'SignatureMethod', SIGNATURE_ALGORITHMS);
  refuseUnless(!!reference && is(reference, DSIG, 'Reference'), 'signature_structure');
  requireReference(reference, owner);
}

function requireReference(reference: XmlElement, owner: XmlElement): void {
  const id = attributeOf(owner, 'ID') ?? '';
  refuseUnless(/^[A-Za-z_][\w.-]*$/.test(id), 'signature_structure');
  refuseUnless(attributeOf(reference, 'URI') === `#${id}`, 'signature_misplaced');
  const [transforms, method, value, ...more] = childrenOf(reference);
  refuseUnless(!!transforms && is(transforms, DSIG, 'Transforms'), 'signature_structure');
  const [enveloped, exclusive, ...others] = childrenOf(transforms);
  requireAlgorithm(enveloped, 'Transform', [ENVELOPED]);
  requireAlgorithm(exclusive, 'Transform', [EXCLUSIVE]);
  refuseUnless(others.length === 0 && more.length === 0, 'signature_structure');
  requireAlgorithm(method, 'DigestMethod', DIGEST_ALGORITHMS);
  refuseUnless(!!value && is(value, DSIG, 'DigestValue') && BASE64.test(textOf(value)), 'signature_structure');
}

function requireAlgorithm(
  element: XmlElement | undefined,
  name: string,
  allowed: readonly string[],
): asserts element is XmlElement {
  refuseUnless(!!element && is(element, DSIG, name), 'signature_structure');
  refuseUnless(allowed.includes(attributeOf(element, 'Algorithm') ?? ''), 'algorithm_not_allowed');
  const known = childrenOf(element).every((child) => is(child, EXCLUSIVE, 'InclusiveNamespaces'));
  refuseUnless(known, 'signature_structure');
}
