import { refuse, refuseUnless } from './saml-refusal';
import { instantOf } from './saml-time';
import { ASSERTION, type ExpectedAnswer, type SamlIdentity, type SamlTrust } from './saml-trust';
import { attributeOf, childrenNamed, childrenOf, textOf, type XmlElement } from './xml-document';

const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
const LONGEST_NAME_ID = 256;
const LONGEST_VALUE = 1_024;
const MOST_VALUES = 500;
const VISIBLE = /^[^\p{Cc}\p{Cs}]+$/u;

/** Reads an assertion that has been proven and judged. */
export function identityOf(assertion: XmlElement, trust: SamlTrust, { now }: ExpectedAnswer): SamlIdentity {
  const nameId = nameIdOf(assertion);
  const statement = authnStatementOf(assertion);
  const authnInstant = instantOf(attributeOf(statement, 'AuthnInstant'), 'authn_statement');
  const { leeway, maxAuthnAge } = trust;
  refuseUnless(authnInstant <= now + leeway && authnInstant > now - maxAuthnAge - leeway, 'authn_statement');
  const until = attributeOf(statement, 'SessionNotOnOrAfter');
  const sessionEnds = until === null ? null : instantOf(until, 'authn_statement');
  refuseUnless(sessionEnds === null || now < sessionEnds + leeway, 'authn_statement');
  return {
    assertionId: attributeOf(assertion, 'ID') ?? refuse('structure'),
    nameId: nameIdText(nameId),
    nameIdFormat: attributeOf(nameId, 'Format'),
    sessionIndex: attributeOf(statement, 'SessionIndex'),
    authnInstant: new Date(authnInstant),
    sessionEnds: sessionEnds === null ? null : new Date(sessionEnds),
    attributes: attributesOf(assertion),
  };
}

/** One that stays the same: a transient name is a new person at each sign-in. */
function nameIdOf(assertion: XmlElement): XmlElement {
  const subject = childrenNamed(assertion, ASSERTION, 'Subject')[0] ?? refuse('name_id');
  const [nameId, ...more] = childrenNamed(subject, ASSERTION, 'NameID');
  refuseUnless(!!nameId && more.length === 0 && attributeOf(nameId, 'Format') !== TRANSIENT, 'name_id');
  return nameId;
}

/** As it is: not trimmed, not folded. Two names that differ are two people. */
export function nameIdText(nameId: XmlElement): string {
  const text = textOf(nameId);
  refuseUnless(text.length <= LONGEST_NAME_ID && VISIBLE.test(text) && text.trim() === text, 'name_id');
  return text;
}

function authnStatementOf(assertion: XmlElement): XmlElement {
  const [statement, ...more] = childrenNamed(assertion, ASSERTION, 'AuthnStatement');
  refuseUnless(!!statement && more.length === 0, 'authn_statement');
  return statement;
}

function attributesOf(assertion: XmlElement): Map<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>();
  const elements = childrenNamed(assertion, ASSERTION, 'AttributeStatement').flatMap((statement) =>
    childrenNamed(statement, ASSERTION, 'Attribute'),
  );
  let count = 0;
  for (const element of elements) {
    const name = attributeOf(element, 'Name') ?? refuse('attributes');
    const values = childrenNamed(element, ASSERTION, 'AttributeValue').flatMap(plainValue);
    count += values.length;
    refuseUnless(count <= MOST_VALUES, 'attributes');
    attributes.set(name, [...(attributes.get(name) ?? []), ...values]);
  }
  return attributes;
}

/** Structured values say nothing that is asked for here. */
function plainValue(value: XmlElement): string[] {
  if (childrenOf(value).length > 0) return [];
  const text = textOf(value);
  return text.length <= LONGEST_VALUE && VISIBLE.test(text) ? [text] : [];
}
