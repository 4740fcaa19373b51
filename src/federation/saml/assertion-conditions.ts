import { refuseUnless } from './saml-refusal';
import { instantOf, requireFresh } from './saml-time';
import { ASSERTION, type ExpectedAnswer, type SamlTrust } from './saml-trust';
import { attributeOf, childrenNamed, childrenOf, is, textOf, type XmlElement } from './xml-document';

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
const KNOWN_CONDITIONS = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction'];

/** Everything that the Web Browser SSO profile (Profiles, 4.1.4.2 and 4.1.4.3) asks of an assertion. */
export function requireConditions(assertion: XmlElement, trust: SamlTrust, expected: ExpectedAnswer): void {
  refuseUnless(is(assertion, ASSERTION, 'Assertion'), 'structure');
  refuseUnless(attributeOf(assertion, 'Version') === '2.0', 'version');
  requireFresh(attributeOf(assertion, 'IssueInstant'), expected.now, trust.leeway);
  const [issuer, ...more] = childrenNamed(assertion, ASSERTION, 'Issuer');
  refuseUnless(!!issuer && more.length === 0 && textOf(issuer) === trust.issuer, 'issuer');
  requireConfirmation(assertion, trust, expected);
  requireAudienceAndTime(assertion, trust, expected);
}

/** For the bearer, at this address, in answer to this request, now. One that holds is enough; none is not. */
function requireConfirmation(assertion: XmlElement, trust: SamlTrust, expected: ExpectedAnswer): void {
  const [subject, ...more] = childrenNamed(assertion, ASSERTION, 'Subject');
  refuseUnless(!!subject && more.length === 0, 'subject_confirmation');
  const confirmations = childrenNamed(subject, ASSERTION, 'SubjectConfirmation');
  const holds = confirmations.some(
    (confirmation) =>
      attributeOf(confirmation, 'Method') === BEARER &&
      childrenNamed(confirmation, ASSERTION, 'SubjectConfirmationData').some((data) => confirms(data, trust, expected)),
  );
  refuseUnless(holds, 'subject_confirmation');
}

function confirms(data: XmlElement, { acsUrl, leeway }: SamlTrust, { requestId, now }: ExpectedAnswer): boolean {
  const ends = instantOf(attributeOf(data, 'NotOnOrAfter'), 'subject_confirmation');
  return (
    attributeOf(data, 'Recipient') === acsUrl &&
    attributeOf(data, 'InResponseTo') === requestId &&
    // Profiles, 4.1.4.2: there must be none.
    attributeOf(data, 'NotBefore') === null &&
    now < ends + leeway
  );
}

function requireAudienceAndTime(assertion: XmlElement, trust: SamlTrust, { now }: ExpectedAnswer): void {
  const [conditions, ...more] = childrenNamed(assertion, ASSERTION, 'Conditions');
  refuseUnless(!!conditions && more.length === 0, 'conditions');
  const [begins, ends] = [attributeOf(conditions, 'NotBefore'), attributeOf(conditions, 'NotOnOrAfter')];
  if (begins !== null) refuseUnless(instantOf(begins, 'conditions') <= now + trust.leeway, 'conditions');
  if (ends !== null) refuseUnless(now < instantOf(ends, 'conditions') + trust.leeway, 'conditions');
  for (const condition of childrenOf(conditions)) {
    // Core, 2.5.1: a condition that is not understood makes the assertion invalid.
    const understood = condition.namespaceURI === ASSERTION && KNOWN_CONDITIONS.includes(condition.localName);
    refuseUnless(understood, 'conditions');
  }
  const restrictions = childrenNamed(conditions, ASSERTION, 'AudienceRestriction');
  const forUs = restrictions.every((restriction) =>
    childrenNamed(restriction, ASSERTION, 'Audience').some((audience) => textOf(audience) === trust.audience),
  );
  refuseUnless(restrictions.length > 0 && forUs, 'audience');
}
