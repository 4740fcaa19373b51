import { readFileSync } from 'node:fs';
import type { SamlProviderConfig } from '../../config/config';
import { addressPolicy, providerFetch, type AddressPolicy } from '../provider-fetch';
import { idpFactsFrom, type IdpFacts } from './idp-metadata';

/** Milliseconds. */
const ANSWER_WITHIN = 5_000;

/** Where the facts about a provider come from. @throws Error when there are none */
export async function readIdpFacts(settings: SamlProviderConfig, environment: string): Promise<IdpFacts> {
  const { metadataUrl, metadataFile, idp } = settings;
  const policy = addressPolicy(settings.allowPrivateNetwork, environment);
  if (metadataUrl !== undefined) return idpFactsFrom(await fetched(metadataUrl, policy), policy.allowHttp);
  if (metadataFile !== undefined) return idpFactsFrom(readFileSync(metadataFile, 'utf8'), policy.allowHttp);
  const { entityId, ssoUrl, sloUrl = null, certificates } = idp;
  if (!entityId || !ssoUrl)
    throw new Error('Neither metadata nor entity_id and sso_url of the provider are configured');
  return { entityId, ssoUrl, sloUrl, certificates };
}

async function fetched(url: string, policy: AddressPolicy): Promise<string> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN);
  const answer = await providerFetch(policy)(url, {
    method: 'GET',
    headers: {},
    body: undefined,
    redirect: 'manual',
    signal,
  });
  if (!answer.ok) throw new Error(`The metadata URL answered ${answer.status}`);
  return answer.text();
}
