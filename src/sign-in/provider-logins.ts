import type { AuthContext, ClientInfo } from '@latchkey/nest';

/** What a browser keeps of a login whose tokens are the provider's own. */
export interface ProviderLogin {
  /** Its name in the configuration. */
  readonly provider: string;
  readonly subject: string;
  readonly accessToken: string;
  /** Where the provider gives one. */
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** Whether it outlives the browser. */
  readonly remember: boolean;
}

export type RefreshableLogin = Pick<ProviderLogin, 'provider' | 'subject' | 'remember'> & {
  readonly refreshToken: string;
};

export interface CarriedOnLogin {
  readonly login: ProviderLogin;
  /** Proof of its new access token. */
  readonly context: AuthContext;
}

/** Logins that providers keep: nothing of them is kept here. */
export abstract class ProviderLogins {
  /** @throws AuthError `invalid_grant`, `unavailable` */
  abstract refresh(login: RefreshableLogin, client: ClientInfo): Promise<CarriedOnLogin>;

  /** Asks the provider to forget the login (RFC 7009), as far as it can and answers. */
  abstract end(login: RefreshableLogin): Promise<void>;
}
