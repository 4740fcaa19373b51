/** Why a message of an identity provider was not believed. Stable words: for the event and the log, never for the answer. */
export type SamlReason =
  | 'not_base64'
  | 'not_xml'
  | 'markup_not_allowed'
  | 'several_roots'
  | 'too_deep'
  | 'id_not_unique'
  | 'id_attribute_not_plain'
  | 'relative_namespace'
  | 'not_a_response'
  | 'structure'
  | 'signature_misplaced'
  | 'signature_structure'
  | 'algorithm_not_allowed'
  | 'signature_missing'
  | 'signature_invalid'
  | 'decryption'
  | 'version'
  | 'issuer'
  | 'destination'
  | 'status'
  | 'in_response_to'
  | 'unsolicited'
  | 'issue_instant'
  | 'name_id'
  | 'subject_confirmation'
  | 'conditions'
  | 'audience'
  | 'authn_statement'
  | 'attributes'
  | 'other_browser'
  | 'replayed'
  | 'certificate_expired'
  | 'tenant'
  | 'code'
  | 'too_long';

/** A message that is not believed. Pure validation throws nothing else. */
export class SamlRefusal extends Error {
  constructor(readonly reason: SamlReason) {
    super(`SAML: ${reason}`);
  }
}

export function refuse(reason: SamlReason): never {
  throw new SamlRefusal(reason);
}

export function refuseUnless(condition: boolean, reason: SamlReason): asserts condition {
  if (!condition) refuse(reason);
}
