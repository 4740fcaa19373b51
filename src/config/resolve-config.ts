import { resolve } from 'node:path';
import { camelCased } from './casing';
import type { Config } from './config';
import type { Settings } from './config.schema';

const DEFAULT_DATA_DIR = '.latchkey';
const ROOT_DATA_DIR = '/var/lib/latchkey';

/** What settings depend on besides the file. */
export interface Surroundings {
  environment: string;
  cwd: string;
  asRoot: boolean;
  /** The data folder was named by the environment. */
  dataDirNamed: boolean;
}

/** Turns valid settings into the code's configuration: every "auto" decided, one name for each thing, frozen. */
export function resolveConfig(settings: Settings, surroundings: Surroundings): Config {
  const { environment } = surroundings;
  const { server, auth, ...rest } = camelCased(settings);
  const { registration, lockout, session, jwt, ...authRest } = auth;
  const { maxLoginAttempts, lockoutDuration, ...sessionRest } = session;
  return frozen({
    environment,
    ...rest,
    server: { ...server, publicUrl: server.publicUrl ?? `http://localhost:${server.port}` },
    dataDir: dataDir(settings.data_dir, surroundings),
    auth: {
      ...authRest,
      registration: registration === 'auto' ? registrationIn(environment) : registration,
      session: sessionRest,
      lockout: {
        maxAttempts: lockout.maxAttempts ?? maxLoginAttempts ?? 5,
        duration: lockout.duration ?? lockoutDuration ?? 15 * 60_000,
      },
      jwt: { ...jwt, algorithm: jwt.algorithm === 'auto' ? (jwt.secret ? 'HS256' : 'RS256') : jwt.algorithm },
    },
  });
}

/** Open only where nothing real can be behind it; an environment nobody thought of is closed. */
function registrationIn(environment: string): 'open' | 'closed' {
  return environment === 'development' || environment === 'test' ? 'open' : 'closed';
}

function dataDir(given: string | undefined, { asRoot, dataDirNamed, cwd }: Surroundings): string {
  const byDefault = given === undefined || (given === DEFAULT_DATA_DIR && !dataDirNamed);
  return resolve(cwd, byDefault ? (asRoot ? ROOT_DATA_DIR : DEFAULT_DATA_DIR) : given);
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
