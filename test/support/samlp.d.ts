declare module 'samlp' {
  export interface AuthOptions {
    readonly issuer: string;
    readonly cert: string;
    readonly key: string;
    readonly signResponse?: boolean;
    readonly encryptionCert?: string;
    readonly encryptionPublicKey?: string;
    readonly encryptionAlgorithm?: string;
    readonly lifetimeInSeconds?: number;
    readonly sessionIndex?: string;
    readonly recipient?: string;
    readonly destination?: string;
    readonly getUserFromRequest: () => object;
    readonly getPostURL: (
      audience: string,
      request: unknown,
      incoming: unknown,
      callback: (error: Error | null, url: string) => void,
    ) => void;
  }
  export interface LogoutOptions {
    readonly issuer: string;
    readonly cert: string;
    readonly key: string;
    readonly deflate: boolean;
    readonly protocolBinding: string;
    readonly sessionParticipants: object;
    readonly store: object;
  }
  type Middleware = (request: object, response: object, next: (error?: unknown) => void) => void;
  export function auth(options: AuthOptions): Middleware;
  export function logout(options: LogoutOptions): Middleware;
}
