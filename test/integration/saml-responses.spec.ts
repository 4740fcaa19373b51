import { createHmac } from 'node:crypto';
import { signXml } from '@node-saml/node-saml/lib/xml';
import { identityFromResponse } from '../../src/federation/saml/saml-response';
import { SamlRefusal } from '../../src/federation/saml/saml-refusal';
import type { SamlIdentity, SamlTrust } from '../../src/federation/saml/saml-trust';
import { IDP_KEYS, NEXT_KEYS, SERVICE_KEYS, STRANGER_KEYS } from '../support/saml-keys';
import * as forge from '../support/saml-forge';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const MINUTE = 60_000;
const EXC = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const HMAC = 'http://www.w3.org/2000/09/xmldsig#hmac-sha1';
const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';

const said = forge.facts({ now: NOW });
const TRUST: SamlTrust = {
  issuer: said.issuer,
  certificates: [IDP_KEYS.certificate],
  audience: said.audience,
  acsUrl: said.acsUrl,
  wantAssertionsSigned: true,
  wantResponseSigned: false,
  decryptionKey: SERVICE_KEYS.key,
  leeway: 5_000,
  maxAuthnAge: 60 * MINUTE,
};
/** For answers that are signed as a whole. */
const WHOLE: Partial<SamlTrust> = { wantAssertionsSigned: false, wantResponseSigned: true };

function judge(xml: string, trust: Partial<SamlTrust> = {}): Promise<SamlIdentity> {
  return identityFromResponse(xml, { ...TRUST, ...trust }, { requestId: said.requestId, now: NOW });
}

/** The reason, or who it was that came in. */
async function verdict(xml: string, trust: Partial<SamlTrust> = {}): Promise<string> {
  return judge(xml, trust).then(
    ({ nameId }) => `signed in: ${nameId}`,
    (error: unknown) => (error instanceof SamlRefusal ? error.reason : `crashed: ${String(error)}`),
  );
}

const good = forge.assertionSigned(said);
const whole = forge.responseSigned(said);
const both = forge.signed(forge.responseXml(said, forge.signed(forge.assertionXml(said), 'Assertion')), 'Response');
const VICTIM = 'victim@idp.example';

/** An assertion that was changed before the provider signed it: what a careless or hostile provider would send. */
function stating(change: (assertion: string) => string): string {
  return forge.responseXml(said, forge.signed(change(forge.assertionXml(said)), 'Assertion'));
}

const answering = (change: (response: string) => string): string => change(good);
const insteadOf = (from: string | RegExp, to: string) => (xml: string) => {
  const changed = xml.replace(from, () => to);
  if (changed === xml) throw new Error(`Nothing to replace: ${String(from)}`);
  return changed;
};

describe('a response that is believed', () => {
  it.each([
    ['its assertion is signed', good, {}],
    ['it is signed as a whole', whole, WHOLE],
    ['both are signed', both, { wantResponseSigned: true }],
    ['both are signed and one is asked for', both, {}],
    ['it is signed with SHA-512', forge.assertionSigned(said, { algorithm: 'sha512' }), {}],
    [
      'it is signed with the second of two keys',
      forge.assertionSigned(said, { keys: NEXT_KEYS }),
      {
        certificates: [IDP_KEYS.certificate, NEXT_KEYS.certificate],
      },
    ],
    ['its declaration comes first', `<?xml version="1.0" encoding="UTF-8"?>\n${good}`, {}],
  ])('because %s', async (_, xml, trust) => {
    await expect(judge(xml, trust)).resolves.toMatchObject({
      nameId: 'ada@idp.example',
      sessionIndex: '_session',
      authnInstant: new Date(NOW),
    });
  });

  it('keeps Portuguese names and every value of an attribute as they are', async () => {
    const attributes =
      forge.attribute('displayName', 'José Conceição d’Ávila') +
      forge.attribute('groups', 'gestão', 'a&amp;b') +
      forge.attribute('mail', 'joão@açaí.example');
    const text = forge.assertionSigned(forge.facts({ now: NOW, attributes, nameId: 'joão@açaí.example' }));

    const identity = await judge(text);

    expect(identity.nameId).toBe('joão@açaí.example');
    expect([...identity.attributes]).toEqual([
      ['displayName', ['José Conceição d’Ávila']],
      ['groups', ['gestão', 'a&b']],
      ['mail', ['joão@açaí.example']],
    ]);
  });

  it('has a signed assertion inside what is encrypted', async () => {
    const inside = await forge.encrypted(forge.signed(forge.assertionXml(said), 'Assertion'));
    await expect(judge(forge.responseXml(said, inside))).resolves.toMatchObject({ nameId: 'ada@idp.example' });
  });

  it('may be encrypted with CBC where a signature is around it', async () => {
    const inside = await forge.encrypted(forge.signed(forge.assertionXml(said), 'Assertion'), { algorithm: forge.CBC });
    const text = forge.signed(forge.responseXml(said, inside), 'Response');
    await expect(judge(text)).resolves.toMatchObject({ nameId: 'ada@idp.example' });
    await expect(verdict(forge.responseXml(said, inside))).resolves.toBe('algorithm_not_allowed');
  });
});

describe('wrapping a signature', () => {
  it.each([
    [1, whole, WHOLE, 'structure'],
    [2, whole, WHOLE, 'structure'],
    [3, good, {}, 'structure'],
    [4, good, {}, 'structure'],
    [5, good, {}, 'structure'],
    [6, good, {}, 'structure'],
    [7, good, {}, 'structure'],
    [8, good, {}, 'structure'],
    [3, both, {}, 'structure'],
    [4, both, {}, 'structure'],
    [5, both, {}, 'structure'],
    [6, both, {}, 'structure'],
    [7, both, {}, 'structure'],
    [8, both, {}, 'structure'],
  ])('XSW%i is refused', async (variant, xml, trust, reason) => {
    const forged = forge.wrapped(variant, xml, said);
    expect(forged).toContain(VICTIM);
    await expect(verdict(forged, trust)).resolves.toBe(reason);
  });
});

const signature = forge.signatureIn(good);
const info = /<SignedInfo[\s\S]*<\/SignedInfo>/.exec(signature)![0];
const digest = /<DigestValue>(.*?)<\/DigestValue>/.exec(signature)![1]!;
const value = /<SignatureValue>([\s\S]*?)<\/SignatureValue>/.exec(signature)![1]!;
const assertion = forge.assertionIn(good);

/** A signature of the right key, moved to the response although it covers something else. */
function movedOnto(element: string): string {
  const marked = forge
    .responseXml(said, forge.assertionXml(said))
    .replace(new RegExp(`<saml:${element}\\b`), `<saml:${element} ID="_covered"`);
  const path = `//*[@ID='_covered']`;
  const location = { reference: `/*/*[local-name(.)='Issuer']`, action: 'after' as const };
  const text = signXml(marked, path, location, {
    privateKey: IDP_KEYS.key,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
  });
  return text.replace('>ada@idp.example<', `>${VICTIM}<`);
}

/** HMAC with the certificate, which everybody has, as the key. */
function hmacSigned(): string {
  const forgedInfo = info.replace(RSA_SHA256, HMAC);
  const mac = createHmac('sha1', IDP_KEYS.certificate).update(forgedInfo).digest('base64');
  return good.replace(info, () => forgedInfo).replace(value, () => mac);
}

describe('a forged or damaged response', () => {
  const table: readonly [string, string, string, Partial<SamlTrust>?][] = [
    ['nothing', '', 'not_xml'],
    ['text', 'hello', 'not_xml'],
    ['half of it', good.slice(0, good.length / 2), 'not_xml'],
    ['another message', '<a/>', 'not_a_response'],
    ['a response in no namespace', '<Response/>', 'not_a_response'],
    ['several roots', `${good}${forge.evilTwin(good, said)}`, 'several_roots'],
    ['several roots, the forged one first', `${forge.evilTwin(good, said)}${good}`, 'several_roots'],
    ['a DTD', `<!DOCTYPE a [<!ENTITY x "y">]>${good}`, 'markup_not_allowed'],
    ['an external entity', `<!DOCTYPE a SYSTEM "file:///etc/passwd">${good}`, 'markup_not_allowed'],
    ['an entity that nobody declared', insteadOf('>ada@', '>&boom;ada@')(good), 'not_xml'],
    [
      'a comment inside the name',
      insteadOf('ada@idp.example', 'ada@idp.example<!---->.evil')(good),
      'markup_not_allowed',
    ],
    [
      'a comment inside a name that was signed',
      forge.assertionSigned({ ...said, nameId: `${VICTIM}<!---->.evil` }),
      'markup_not_allowed',
    ],
    ['an instruction inside the name', insteadOf('ada@', '<?p vic?>ada@')(good), 'markup_not_allowed'],
    ['CDATA', insteadOf('ada@', '<![CDATA[x]]>ada@')(good), 'markup_not_allowed'],
    ['a comment inside the digest', insteadOf(digest, `<!--x-->${digest}`)(good), 'markup_not_allowed'],
    ['a control character', insteadOf('ada@', 'ada\u0001@')(good), 'not_xml'],
    ['another name', insteadOf('>ada@', '>victim@')(good), 'signature_invalid'],
    ['another name in a signed response', insteadOf('>ada@', '>victim@')(whole), 'signature_invalid', WHOLE],
    [
      'another attribute name',
      insteadOf('SessionIndex="_session"', 'SessionIndex="_other"')(good),
      'signature_invalid',
    ],
    ['no signature', forge.withoutSignature(good), 'signature_missing'],
    ['no signature, and none on the whole', forge.withoutSignature(whole), 'signature_missing', WHOLE],
    ['a signature on the whole alone', whole, 'signature_missing'],
    ['a signature on the assertion alone', good, 'signature_missing', { wantResponseSigned: true }],
    ['a stranger’s key', forge.assertionSigned(said, { keys: STRANGER_KEYS }), 'signature_invalid'],
    ['no key that is known', good, 'signature_invalid', { certificates: [] }],
    ['SHA-1', forge.assertionSigned(said, { algorithm: 'sha1' }), 'algorithm_not_allowed'],
    ['an HMAC', hmacSigned(), 'algorithm_not_allowed'],
    [
      'canonicalisation with comments',
      insteadOf(
        `CanonicalizationMethod Algorithm="${EXC}"`,
        `CanonicalizationMethod Algorithm="${EXC}WithComments"`,
      )(good),
      'algorithm_not_allowed',
    ],
    [
      'an XPath transform',
      insteadOf(
        `Transform Algorithm="${EXC}"`,
        'Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"',
      )(good),
      'algorithm_not_allowed',
    ],
    ['two SignedInfo', good.replace(info, `${info}${info}`), 'signature_structure'],
    [
      'two SignedInfo, the forged one in an object',
      insteadOf('</Signature>', `<Object>${info}</Object></Signature>`)(good),
      'signature_structure',
    ],
    [
      'two references',
      good.replace('</SignedInfo>', `${/<Reference[\s\S]*<\/Reference>/.exec(info)![0]}</SignedInfo>`),
      'signature_structure',
    ],
    ['an element in the digest', insteadOf(digest, `<x/>${digest}`)(good), 'structure'],
    ['an empty digest', insteadOf(digest, '')(good), 'signature_structure'],
    ['two signatures', insteadOf(signature, `${signature}${signature}`)(good), 'signature_misplaced'],
    ['an empty reference', insteadOf(/URI="#_[0-9a-f]+"/, 'URI=""')(good), 'signature_misplaced'],
    ['a reference with a quote', insteadOf(/URI="#_[0-9a-f]+"/, `URI="#' or '1'='1"`)(good), 'signature_misplaced'],
    ['a signature that covers the issuer only', movedOnto('Issuer'), 'signature_misplaced', WHOLE],
    ['a signature that covers the conditions only', movedOnto('Conditions'), 'signature_misplaced', WHOLE],
    ['a signature that covers the subject only', movedOnto('Subject'), 'signature_misplaced', WHOLE],
    [
      'a signature moved from assertion to response',
      insteadOf('<samlp:Status>', `${signature}<samlp:Status>`)(forge.withoutSignature(good)),
      'signature_misplaced',
      WHOLE,
    ],
    [
      'an assertion in the status',
      insteadOf(
        '</samlp:Status>',
        `<samlp:StatusDetail>${forge.evilTwin(assertion, said)}</samlp:StatusDetail></samlp:Status>`,
      )(good),
      'structure',
    ],
    [
      'two assertions, both signed',
      good.replace(
        '</samlp:Response>',
        `${forge.signed(forge.assertionXml(forge.facts({ now: NOW })), 'Assertion')}</samlp:Response>`,
      ),
      'structure',
    ],
    [
      'the same id twice',
      insteadOf('<samlp:Status>', `<samlp:Status ID="${said.assertionId}">`)(good),
      'id_not_unique',
    ],
    [
      'a namespaced id',
      insteadOf('<samlp:Status>', `<samlp:Status samlp:ID="${said.assertionId}">`)(good),
      'id_attribute_not_plain',
    ],
    [
      'a namespaced id on the assertion',
      insteadOf('<saml:Assertion ', '<saml:Assertion samlp:ID="_other" ')(good),
      'id_attribute_not_plain',
    ],
    ['an xml:id', insteadOf('<samlp:Status>', '<samlp:Status xml:id="_x">')(good), 'id_attribute_not_plain'],
    ['a relative namespace', insteadOf('<samlp:Status>', '<samlp:Status xmlns:x="1">')(good), 'relative_namespace'],
    [
      'a relative namespace around the signature',
      insteadOf('<Signature ', '<Signature xmlns:ns="./a" ')(good),
      'relative_namespace',
    ],
    [
      'sixty floors',
      insteadOf('<samlp:Status>', `${'<x>'.repeat(60)}${'</x>'.repeat(60)}<samlp:Status>`)(good),
      'too_deep',
    ],
    ['an end tag of another name', insteadOf('</samlp:Status>', '</samlp:Stat>')(good), 'not_xml'],
    ['an end tag too many', insteadOf('</samlp:Status>', '</samlp:Status></samlp:Status>')(good), 'not_xml'],
    ['two attributes of one name', insteadOf('<samlp:Response ', '<samlp:Response Version="2.0" ')(good), 'not_xml'],
  ];

  it.each(table)('with %s is refused', async (_, xml, reason, trust = {}) => {
    await expect(verdict(xml, trust)).resolves.toBe(reason);
  });

  it('with an unsigned assertion inside what is encrypted is refused', async () => {
    const inside = await forge.encrypted(forge.assertionXml(said));
    await expect(verdict(forge.responseXml(said, inside))).resolves.toBe('signature_missing');
    const around = forge.signed(forge.responseXml(said, inside), 'Response');
    await expect(verdict(around, WHOLE)).resolves.toBe('signature_missing');
  });

  it('with RSA 1.5 around the key is refused', async () => {
    const keyAlgorithm = 'http://www.w3.org/2001/04/xmlenc#rsa-1_5';
    const inside = await forge.encrypted(forge.signed(forge.assertionXml(said), 'Assertion'), { keyAlgorithm });
    await expect(verdict(forge.responseXml(said, inside))).resolves.toBe('algorithm_not_allowed');
  });

  it('that is encrypted is refused where there is no key for it', async () => {
    const inside = await forge.encrypted(forge.signed(forge.assertionXml(said), 'Assertion'));
    await expect(verdict(forge.responseXml(said, inside), { decryptionKey: null })).resolves.toBe('decryption');
  });
});

describe('a signed assertion that is not for this sign-in', () => {
  const late = forge.instant(NOW - MINUTE);
  const until = forge.instant(NOW + 5 * MINUTE);
  const begins = forge.instant(NOW - MINUTE);
  const now = forge.instant(NOW);
  const confirmation = /<saml:SubjectConfirmation [\s\S]*<\/saml:SubjectConfirmation>/;
  const restriction = /<saml:AudienceRestriction>[\s\S]*<\/saml:AudienceRestriction>/;
  const table: readonly [string, string, string][] = [
    ['another issuer', stating(insteadOf(said.issuer, 'https://other.example')), 'issuer'],
    ['another issuer of the response', answering(insteadOf(said.issuer, 'https://other.example')), 'issuer'],
    ['another version', stating(insteadOf('Version="2.0"', 'Version="1.1"')), 'version'],
    ['another version of the response', answering(insteadOf('Version="2.0"', 'Version="1.1"')), 'version'],
    ['another audience', stating(insteadOf(said.audience, 'https://other.example')), 'audience'],
    ['no audience', stating(insteadOf(restriction, '')), 'audience'],
    [
      'one audience too many',
      stating(
        insteadOf(
          '</saml:Conditions>',
          '<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction></saml:Conditions>',
        ),
      ),
      'audience',
    ],
    ['no conditions', stating(insteadOf(/<saml:Conditions[\s\S]*<\/saml:Conditions>/, '')), 'conditions'],
    [
      'a condition that is not known',
      stating(insteadOf('</saml:Conditions>', '<saml:Condition/></saml:Conditions>')),
      'conditions',
    ],
    [
      'conditions that are over',
      stating(insteadOf(`NotBefore="${begins}" NotOnOrAfter="${until}"`, `NotOnOrAfter="${late}"`)),
      'conditions',
    ],
    [
      'conditions that are to come',
      stating(insteadOf(`NotBefore="${begins}"`, `NotBefore="${forge.instant(NOW + 6_000)}"`)),
      'conditions',
    ],
    ['a time that is none', stating(insteadOf(`NotBefore="${begins}"`, 'NotBefore="yesterday"')), 'conditions'],
    [
      'another recipient',
      stating(insteadOf(`Recipient="${said.acsUrl}"`, 'Recipient="https://other.example/acs"')),
      'subject_confirmation',
    ],
    ['no recipient', stating(insteadOf(` Recipient="${said.acsUrl}"`, '')), 'subject_confirmation'],
    [
      'another destination',
      answering(insteadOf(`Destination="${said.acsUrl}"`, 'Destination="https://other.example/acs"')),
      'destination',
    ],
    ['no confirmation', stating(insteadOf(confirmation, '')), 'subject_confirmation'],
    [
      'a confirmation without data',
      stating(insteadOf(/<saml:SubjectConfirmationData[^>]*>/, '')),
      'subject_confirmation',
    ],
    [
      'a confirmation for holders of a key',
      stating(insteadOf('cm:bearer', 'cm:holder-of-key')),
      'subject_confirmation',
    ],
    [
      'a confirmation that is over',
      stating(insteadOf(`Data NotOnOrAfter="${until}"`, `Data NotOnOrAfter="${late}"`)),
      'subject_confirmation',
    ],
    [
      'a confirmation without an end',
      stating(insteadOf(`Data NotOnOrAfter="${until}"`, 'Data')),
      'subject_confirmation',
    ],
    [
      'a confirmation that is to come',
      stating(insteadOf('<saml:SubjectConfirmationData', `<saml:SubjectConfirmationData NotBefore="${begins}"`)),
      'subject_confirmation',
    ],
    [
      'another request',
      stating(insteadOf(`InResponseTo="${said.requestId}"`, 'InResponseTo="_other"')),
      'subject_confirmation',
    ],
    [
      'another request of the response',
      answering(insteadOf(`InResponseTo="${said.requestId}"`, 'InResponseTo="_other"')),
      'in_response_to',
    ],
    ['no request', stating(insteadOf(` InResponseTo="${said.requestId}"`, '')), 'subject_confirmation'],
    ['no request of the response', answering(insteadOf(` InResponseTo="${said.requestId}"`, '')), 'in_response_to'],
    ['no subject', stating(insteadOf(/<saml:Subject>[\s\S]*<\/saml:Subject>/, '')), 'subject_confirmation'],
    ['no name', stating(insteadOf(/<saml:NameID[\s\S]*<\/saml:NameID>/, '')), 'name_id'],
    ['an empty name', forge.assertionSigned({ ...said, nameId: '' }), 'name_id'],
    ['a name with a blank around it', forge.assertionSigned({ ...said, nameId: ' ada ' }), 'name_id'],
    ['an element in its name', forge.assertionSigned({ ...said, nameId: 'vic<x/>tim' }), 'structure'],
    [
      'a transient name',
      forge.assertionSigned({ ...said, nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' }),
      'name_id',
    ],
    ['no statement', stating(insteadOf(/<saml:AuthnStatement[\s\S]*<\/saml:AuthnStatement>/, '')), 'authn_statement'],
    [
      'a sign-in of yesterday',
      stating(insteadOf(`AuthnInstant="${now}"`, `AuthnInstant="${forge.instant(NOW - 61 * MINUTE)}"`)),
      'authn_statement',
    ],
    [
      'a sign-in of tomorrow',
      stating(insteadOf(`AuthnInstant="${now}"`, `AuthnInstant="${forge.instant(NOW + MINUTE)}"`)),
      'authn_statement',
    ],
    [
      'a session that is over',
      stating(insteadOf(/SessionNotOnOrAfter="[^"]*"/, `SessionNotOnOrAfter="${late}"`)),
      'authn_statement',
    ],
    [
      'an assertion of ten minutes ago',
      stating(insteadOf(`IssueInstant="${now}"`, `IssueInstant="${forge.instant(NOW - 10 * MINUTE)}"`)),
      'issue_instant',
    ],
    [
      'a response of ten minutes ago',
      answering(insteadOf(`IssueInstant="${now}"`, `IssueInstant="${forge.instant(NOW - 10 * MINUTE)}"`)),
      'issue_instant',
    ],
    [
      'a response of tomorrow',
      answering(insteadOf(`IssueInstant="${now}"`, `IssueInstant="${forge.instant(NOW + MINUTE)}"`)),
      'issue_instant',
    ],
    ['a failure', answering(insteadOf('status:Success', 'status:Responder')), 'status'],
    ['no status', answering(insteadOf(/<samlp:Status>[\s\S]*<\/samlp:Status>/, '')), 'status'],
  ];

  it.each(table)('has %s and is refused', async (_, xml, reason) => {
    await expect(verdict(xml)).resolves.toBe(reason);
  });

  it('may be off by five seconds', async () => {
    const early = stating(insteadOf(`NotBefore="${begins}"`, `NotBefore="${forge.instant(NOW + 4_000)}"`));
    await expect(verdict(early)).resolves.toBe('signed in: ada@idp.example');
  });
});

describe('whatever is changed', () => {
  it('never signs in anybody else and never crashes', async () => {
    const verdicts = new Set<string>();
    for (const base of [good, whole, both]) {
      for (let at = 0; at < base.length; at += 67) {
        const damaged = [
          `${base.slice(0, at)}${base.slice(at + 1)}`,
          `${base.slice(0, at)}<x>${base.slice(at)}`,
          `${base.slice(0, at)}"${base.slice(at + 3)}`,
        ];
        for (const xml of damaged) verdicts.add(await verdict(xml, base === good ? {} : WHOLE));
      }
    }
    const strange = [...verdicts].filter((word) => word.startsWith('crashed') || word.startsWith('signed in'));
    expect(strange.filter((word) => word !== 'signed in: ada@idp.example')).toEqual([]);
    expect(verdicts.size).toBeGreaterThan(5);
  });
});
