import { readFileSync } from 'node:fs';
import type { SamlProviderConfig } from '../../config/config';
import { idpFactsFrom, type IdpFacts } from './idp-metadata';

/** Milliseconds. */
const ANSWER_WITHIN = 5_000;
/** Bytes. */
const LONGEST = 1024 * 1024;

/** Where the facts about a provider come from. @throws Error when there are none */
export async function readIdpFacts(settings: SamlProviderConfig): Promise<IdpFacts> {
  const { metadataUrl, metadataFile, idp } = settings;
  if (metadataUrl !== undefined) return idpFactsFrom(await fetched(metadataUrl));
  if (metadataFile !== undefined) return idpFactsFrom(readFileSync(metadataFile, 'utf8'));
  const { entityId, ssoUrl, sloUrl = null, certificates } = idp;
  if (!entityId || !ssoUrl)
    throw new Error('Neither metadata nor entity_id and sso_url of the provider are configured');
  return { entityId, ssoUrl, sloUrl, certificates };
}

/** No redirects, no errors of others, no endless answers. */
async function fetched(url: string): Promise<string> {
  const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(ANSWER_WITHIN) });
  if (!answer.ok || !answer.body) throw new Error(`The metadata URL answered ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > LONGEST) throw new Error('The metadata are too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
