import type { CamelCased } from './casing';
import type { Settings } from './config.schema';

type File = CamelCased<Settings>;
type FileAuth = File['auth'];

export type AuthMode = FileAuth['mode'];
export type ServerConfig = Omit<File['server'], 'publicUrl'> & { readonly publicUrl: string };
export type DatabaseConfig = File['database'];
export type RedisConfig = File['redis'];
export type SessionConfig = Omit<FileAuth['session'], 'maxLoginAttempts' | 'lockoutDuration'>;
export type JwtAlgorithm = Exclude<FileAuth['jwt']['algorithm'], 'auto'>;
export type JwtConfig = Omit<FileAuth['jwt'], 'algorithm'> & { readonly algorithm: JwtAlgorithm };
export type JwtClaim = JwtConfig['claims'][number];
export type PasswordConfig = FileAuth['password'];
export type MetricsConfig = File['metrics'];
export type FeedConfig = FileAuth['feed'];
export type LimitsConfig = FileAuth['limits'];
export type OidcProviderConfig = File['federation']['oidc'][string];
export type SamlProviderConfig = File['federation']['saml'][string];
export type AuditConfig = File['audit'];
export type LogLevel = File['log']['level'];

export interface LockoutConfig {
  readonly maxAttempts: number;
  /** Milliseconds. */
  readonly duration: number;
}

export interface AuthConfig extends Omit<FileAuth, 'registration' | 'session' | 'lockout' | 'jwt'> {
  readonly registration: 'open' | 'closed';
  readonly session: SessionConfig;
  readonly lockout: LockoutConfig;
  readonly jwt: JwtConfig;
}

/** The validated configuration: every key present, durations in milliseconds, frozen. */
export interface Config extends Omit<File, 'server' | 'dataDir' | 'auth'> {
  /** NODE_ENV; `development` when it is not set. */
  readonly environment: 'development' | 'production' | 'test' | (string & {});
  readonly server: ServerConfig;
  /** Absolute path. */
  readonly dataDir: string;
  readonly auth: AuthConfig;
}
