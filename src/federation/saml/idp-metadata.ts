import { X509Certificate } from 'node:crypto';
import { DSIG } from './xml-signature';
import { attributeOf, childrenNamed, is, readXml, textOf, type XmlElement } from './xml-document';

/** What has to be known of an identity provider. */
export interface IdpFacts {
  readonly entityId: string;
  readonly ssoUrl: string;
  readonly sloUrl: string | null;
  /** PEM. */
  readonly certificates: readonly string[];
}

const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';
const REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';
const COMMENT = /<!--[\s\S]*?-->/g;

/**
 * Reads the metadata of one provider. They are trusted for where they come from; addresses in plain http are passed over
 * unless `allowHttp`. @throws Error
 */
export async function idpFactsFrom(metadata: string, allowHttp: boolean): Promise<IdpFacts> {
  const { root } = await readXml(metadata.replace(COMMENT, ''));
  if (!is(root, METADATA, 'EntityDescriptor')) throw new Error('These are no metadata of one entity');
  const [descriptor] = childrenNamed(root, METADATA, 'IDPSSODescriptor');
  const entityId = attributeOf(root, 'entityID');
  const serviceOf = (name: string) => descriptor && redirectAddress(descriptor, name, allowHttp);
  const ssoUrl = serviceOf('SingleSignOnService');
  if (!descriptor || !entityId || !ssoUrl) throw new Error('These metadata describe no identity provider');
  return {
    entityId,
    ssoUrl,
    sloUrl: serviceOf('SingleLogoutService') ?? null,
    certificates: certificatesOf(descriptor),
  };
}

/** Without those that are over, or no certificates at all. */
export function usableCertificates(certificates: readonly string[], now: number): string[] {
  return certificates.filter((pem) => {
    const certificate = certificateOf(pem);
    return certificate !== null && Date.parse(certificate.validTo) > now && isStrong(certificate);
  });
}

function certificateOf(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

function isStrong({ publicKey }: X509Certificate): boolean {
  return publicKey.asymmetricKeyType === 'rsa' && (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
}

function redirectAddress(descriptor: XmlElement, name: string, allowHttp: boolean): string | null {
  const services = childrenNamed(descriptor, METADATA, name);
  const service = services.find((candidate) => attributeOf(candidate, 'Binding') === REDIRECT);
  const location = service && attributeOf(service, 'Location');
  const safe = allowHttp ? /^https?:\/\//i : /^https:\/\//i;
  return location && safe.test(location) && URL.canParse(location) ? location : null;
}

function certificatesOf(descriptor: XmlElement): string[] {
  return childrenNamed(descriptor, METADATA, 'KeyDescriptor')
    .filter((key) => attributeOf(key, 'use') !== 'encryption')
    .flatMap((key) => childrenNamed(key, DSIG, 'KeyInfo'))
    .flatMap((info) => childrenNamed(info, DSIG, 'X509Data'))
    .flatMap((data) => childrenNamed(data, DSIG, 'X509Certificate'))
    .map((certificate) => pemOf(textOf(certificate)));
}

function pemOf(base64: string): string {
  const lines = base64.replace(/\s+/g, '').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
