import { requireConditions } from './assertion-conditions';
import { identityOf } from './assertion-identity';
import { decryptedAssertion } from './encrypted-assertion';
import { refuse, refuseUnless, SamlRefusal } from './saml-refusal';
import { requireFresh } from './saml-time';
import { ASSERTION, PROTOCOL, type ExpectedAnswer, type SamlIdentity, type SamlTrust } from './saml-trust';
import { isSigned, requireSignatures, signedPart } from './xml-signature';
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

interface Responses {
  readonly received: XmlDocument;
  /** Null when only its assertion is signed. */
  readonly signed: XmlDocument | null;
}

const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';

/**
 * Who a response of a provider says has signed in. Signatures are verified first, then everything else is read from
 * what they cover. @throws SamlRefusal and nothing else: whatever trips over a message refuses it.
 */
export async function identityFromResponse(
  message: string,
  trust: SamlTrust,
  expected: ExpectedAnswer,
): Promise<SamlIdentity> {
  try {
    const response = await readXml(message);
    requireShape(response.root);
    const responses = await proven(response, trust);
    requireAnswer(responses, trust, expected);
    const assertion = await signedAssertion(responses, trust);
    requireConditions(assertion, trust, expected);
    return identityOf(assertion, trust, expected);
  } catch (error) {
    throw error instanceof SamlRefusal ? error : new SamlRefusal('not_xml');
  }
}

/** One response around one assertion, and neither anywhere else: there is nothing to be mistaken about. */
function requireShape(root: XmlElement): void {
  refuseUnless(is(root, PROTOCOL, 'Response'), 'not_a_response');
  const [plain, encrypted] = [allNamed(root, 'Assertion'), allNamed(root, 'EncryptedAssertion')];
  const [assertion, ...more] = [...plain, ...encrypted];
  refuseUnless(allNamed(root, 'Response').length === 1 && more.length === 0, 'structure');
  if (assertion) refuseUnless(assertion.namespaceURI === ASSERTION && assertion.parentNode === root, 'structure');
  requireSignatures(root, [root, ...plain]);
}

/** The outer part. Where it is unsigned it only ever refuses: nothing is believed for its sake. */
function requireAnswer({ received, signed }: Responses, trust: SamlTrust, { requestId, now }: ExpectedAnswer): void {
  const { root: response } = signed ?? received;
  refuseUnless(attributeOf(response, 'Version') === '2.0', 'version');
  const issuers = childrenNamed(response, ASSERTION, 'Issuer');
  refuseUnless(issuers.length <= 1 && issuers.every((issuer) => textOf(issuer) === trust.issuer), 'issuer');
  const destination = attributeOf(response, 'Destination');
  // Bindings, 3.5.5.2: a signed message must say where it goes.
  refuseUnless(destination === null ? signed === null : destination === trust.acsUrl, 'destination');
  requireSuccess(response);
  refuseUnless(attributeOf(response, 'InResponseTo') === requestId, 'in_response_to');
  requireFresh(attributeOf(response, 'IssueInstant'), now, trust.leeway);
}

function requireSuccess(response: XmlElement): void {
  const [status, ...more] = childrenNamed(response, PROTOCOL, 'Status');
  refuseUnless(!!status && more.length === 0, 'status');
  const [code, ...others] = childrenNamed(status, PROTOCOL, 'StatusCode');
  refuseUnless(!!code && others.length === 0 && attributeOf(code, 'Value') === SUCCESS, 'status');
  refuseUnless(childrenOf(code).length === 0, 'status');
}

/** Where the response is signed, what its signature covers takes its place. */
async function proven(response: XmlDocument, trust: SamlTrust): Promise<Responses> {
  const must = trust.wantResponseSigned || (!trust.wantAssertionsSigned && !assertionOf(response.root, isSigned));
  if (!must && !isSigned(response.root)) return { received: response, signed: null };
  return { received: response, signed: await signedPart(response, response.root, trust.certificates) };
}

async function signedAssertion({ received, signed }: Responses, trust: SamlTrust): Promise<XmlElement> {
  const covered = signed ?? received;
  const encrypted = childrenNamed(covered.root, ASSERTION, 'EncryptedAssertion')[0];
  if (encrypted) return (await decryptedAssertion(encrypted, trust, signed !== null)).root;
  const assertion = assertionOf(received.root) ?? refuse('structure');
  if (!trust.wantAssertionsSigned && signed && !isSigned(assertion)) {
    return assertionOf(signed.root) ?? refuse('structure');
  }
  // In the document as it came: its namespaces may be declared further out than the other signature preserves them.
  const { root } = await signedPart(received, assertion, trust.certificates);
  const inside = signed && assertionOf(signed.root);
  refuseUnless(!signed || (!!inside && attributeOf(inside, 'ID') === attributeOf(root, 'ID')), 'structure');
  return root;
}

function assertionOf(response: XmlElement, matches: (element: XmlElement) => boolean = () => true): XmlElement | null {
  return childrenNamed(response, ASSERTION, 'Assertion').find(matches) ?? null;
}
