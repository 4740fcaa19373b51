import type { Config } from '../../config/config';
import { connectProvider } from '../../federation/oidc/connected-provider';
import { oidcProvider } from '../../federation/oidc/oidc-provider';
import { usableCertificates } from '../../federation/saml/idp-metadata';
import { readIdpFacts } from '../../federation/saml/idp-source';
import type { Finding } from './finding';

/** Whether each configured provider answers with metadata of its own. All are asked at once; nobody signs in. */
export function providerFindings({ federation, environment }: Config): Promise<Finding[]> {
  return Promise.all(
    Object.entries(federation.oidc).map(async ([name, settings]): Promise<Finding> => {
      const provider = oidcProvider(name, settings);
      const check = `provider_${name}`;
      try {
        const { configuration } = await connectProvider(provider, environment);
        const keys = configuration.serverMetadata().jwks_uri !== undefined || settings.type === 'github';
        if (keys) return { check, status: 'ok', detail: `${settings.type}, ${provider.issuer}` };
        return { check, status: 'fail', detail: 'its metadata name no keys', mend: 'Ask whoever runs the provider' };
      } catch (error) {
        const mend = `Mend federation.oidc.${name}.issuer, or the way there; see docs/runbooks/provider-unreachable.md`;
        return { check, status: 'fail', detail: reasonOf(error), mend };
      }
    }),
  );
}

/** Whether what is known of each provider of SAML can be used, and until when. Nobody signs in. */
export function samlFindings({ federation, environment }: Config, now: number): Promise<Finding[]> {
  return Promise.all(
    Object.entries(federation.saml).map(async ([name, settings]): Promise<Finding> => {
      const check = `saml_${name}`;
      try {
        const { entityId, certificates } = await readIdpFacts(settings, environment);
        const usable = usableCertificates(certificates, now).length;
        const detail = `saml, ${entityId}, ${usable} of ${certificates.length} certificates can be used`;
        if (usable === certificates.length && usable > 0) return { check, status: 'ok', detail };
        const mend = 'Take the certificate that the provider signs with now: RSA, 2048 bits or more, not over';
        return { check, status: usable === 0 ? 'fail' : 'warn', detail, mend };
      } catch (error) {
        const mend = `Mend federation.saml.${name}; see docs/runbooks/provider-unreachable.md`;
        return { check, status: 'fail', detail: reasonOf(error), mend };
      }
    }),
  );
}

/** The library's own message says only that there is a cause. */
function reasonOf(error: unknown): string {
  const messages = messagesOf(error);
  return (messages.length > 1 ? messages.slice(1) : messages).join(': ');
}

function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return [error.message, ...messagesOf(error.cause)];
}
