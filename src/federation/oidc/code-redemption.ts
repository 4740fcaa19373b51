import { Injectable } from '@nestjs/common';
import { AuthError } from '@latchkey/nest';
import * as client from 'openid-client';
import { notProven, provenSignIn, type ProvenSignIn, type ProviderTokenSet } from './claims-reader';
import type { ConnectedProvider } from './connected-provider';
import { githubClaims } from './github-claims';
import { ProviderUnreachable } from '../provider-fetch';
import { ProviderRegistry } from './provider-registry';

/** What an authorization response must fit. */
export interface ExpectedResponse {
  readonly verifier: string;
  readonly nonce?: string;
  /** Left out where the application has checked it. */
  readonly state?: string;
}

/** Redeems authorization codes: from what the browser brought to what the provider has proven. */
@Injectable()
export class CodeRedemption {
  constructor(private readonly providers: ProviderRegistry) {}

  /** `response` is the redirect URI with the parameters of the response. @throws AuthError `federated_login_failed`, `unavailable` */
  async redeem(name: string, response: URL, expected: ExpectedResponse): Promise<ProvenSignIn> {
    const connected = await this.providers.connect(name);
    try {
      return await (connected.provider.settings.type === 'github'
        ? this.redeemAtGithub(connected, response, expected)
        : this.redeemIdToken(connected, response, expected));
    } catch (error) {
      throw asFailure(error);
    }
  }

  private async redeemIdToken({ provider, configuration }: ConnectedProvider, url: URL, expected: ExpectedResponse) {
    const { verifier, nonce, state } = expected;
    const tokens = await client.authorizationCodeGrant(configuration, url, {
      pkceCodeVerifier: verifier,
      expectedNonce: nonce,
      expectedState: state,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (!claims) throw notProven('no ID token');
    if (claims.azp !== undefined && claims.azp !== provider.clientId) throw notProven('azp');
    return provenSignIn(provider, claims, tokenSetOf(tokens));
  }

  /** Its `iss`, where it sends one, is not that of metadata: there are none. */
  private async redeemAtGithub(connected: ConnectedProvider, url: URL, { verifier, state }: ExpectedResponse) {
    url.searchParams.delete('iss');
    const checks = { pkceCodeVerifier: verifier, expectedState: state };
    const tokens = await client.authorizationCodeGrant(connected.configuration, url, checks);
    const claims = await githubClaims(connected, tokens.access_token);
    return provenSignIn(connected.provider, claims, tokenSetOf(tokens));
  }
}

export function tokenSetOf(tokens: client.TokenEndpointResponse): ProviderTokenSet {
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    idToken: tokens.id_token,
    expiresIn: tokens.expires_in,
  };
}

/** A provider that is away says nothing about anybody; everything else is a sign-in that was not proven. */
export function asFailure(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (isOutage(error)) {
    return new AuthError('unavailable', 'The provider cannot be reached', { retryAfter: 5, cause: error });
  }
  const { code, error: answer } = Object(error) as { code?: unknown; error?: unknown };
  return notProven(String(answer ?? code ?? 'refused'), error);
}

function isOutage(error: unknown): boolean {
  if (error instanceof ProviderUnreachable) return true;
  const { cause, code, name } = Object(error) as { cause?: unknown; code?: unknown; name?: unknown };
  if (code === 'OAUTH_TIMEOUT' || name === 'TimeoutError') return true;
  return cause !== undefined && cause !== null && isOutage(cause);
}
