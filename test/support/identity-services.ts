import { DataSource } from 'typeorm';
import { Clock } from '../../src/common/clock';
import { EventLog, type EventFacts, type SecurityEvent } from '../../src/common/event-log';
import { createLogger } from '../../src/common/logger';
import { dataSourceOptions } from '../../src/database/data-source';
import type { Config } from '../../src/config/config';
import type { BackgroundDatabase } from '../../src/database/background-database';
import { Database } from '../../src/database/database';
import { requestPool } from '../../src/database/request-pool';
import { DeviceStore } from '../../src/identity/factors/device.store';
import { Devices } from '../../src/identity/factors/devices';
import type { IdentifierPolicy } from '../../src/identity/identifier';
import { LoginDirectory } from '../../src/identity/login-directory';
import { PasswordVerifier } from '../../src/identity/password-verifier';
import type { PasswordSettings } from '../../src/identity/passwords/password-algorithms';
import { PasswordHasher } from '../../src/identity/passwords/password-hasher';
import { PasswordPolicy } from '../../src/identity/passwords/password-policy';
import { PasswordStrength } from '../../src/identity/passwords/password-strength';
import { PasswordUpgrade } from '../../src/identity/passwords/password-upgrade';
import { RegistrationService } from '../../src/identity/registration.service';
import { User } from '../../src/identity/user.entity';
import { UserStore } from '../../src/identity/user.store';
import { HashingLane, type HashingLaneSettings } from '../../src/protection/hashing-lane';
import { LockoutService } from '../../src/protection/lockout.service';
import { LoginAttemptStore } from '../../src/protection/login-attempt.store';
import { Tenant } from '../../src/tenancy/tenant.entity';
import { TenantWall } from '../../src/database/tenant-wall';
import { TenantResolver } from '../../src/tenancy/tenant-resolver';
import { TenantStore } from '../../src/tenancy/tenant.store';

export const MINUTE = 60_000;

/** Cheap parameters: what is tested is never how long a hash takes. */
export const CHEAP: PasswordSettings = {
  algorithm: 'argon2id',
  argon2id: { memory: 1024, iterations: 1, parallelism: 1, saltLength: 16, keyLength: 32 },
  bcryptCost: 4,
};

/** Stands still until moved. */
export class ControlledClock extends Clock {
  constructor(private milliseconds = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    super();
  }

  override now(): number {
    return this.milliseconds;
  }

  move(milliseconds: number): void {
    this.milliseconds += milliseconds;
  }
}

export class RecordedEvents extends EventLog {
  all: (EventFacts & { event: SecurityEvent })[] = [];

  constructor() {
    super(createLogger('silent'));
  }

  override record(event: SecurityEvent, facts: EventFacts = {}): void {
    this.all.push({ event, ...facts });
  }

  named(event: SecurityEvent): EventFacts[] {
    return this.all.filter((recorded) => recorded.event === event);
  }

  /** How many passwords were compared with a hash, the dummy included. */
  get judged(): number {
    return this.all.filter(({ purpose }) => purpose === 'verify').length;
  }
}

export interface ProcessSettings {
  passwords?: PasswordSettings;
  maxAttempts?: number;
  duration?: number;
  identifier?: IdentifierPolicy;
  registration?: 'open' | 'closed';
  lane?: Partial<HashingLaneSettings>;
  clock?: Clock;
}

/** What one process of the service holds to tell who people are. */
export function identityProcess(dataSource: DataSource, settings: ProcessSettings = {}) {
  const { passwords = CHEAP, maxAttempts = 5, duration = 15 * MINUTE } = settings;
  const clock = settings.clock ?? new ControlledClock();
  const logger = createLogger('silent');
  const events = new RecordedEvents();
  const database = new Database(requestPool(dataSource), true);
  const users = new UserStore(database, dataSource.getRepository(User), clock);
  const tenants = new TenantStore(dataSource.getRepository(Tenant), clock);
  const lane = new HashingLane({ maxConcurrent: 2, queueLimit: 1000, ...settings.lane }, new Clock());
  const hasher = new PasswordHasher(lane, passwords, events, logger);
  const attempts = new LoginAttemptStore(database);
  const lockout = new LockoutService(attempts, { maxAttempts, duration, key: Buffer.alloc(32, 7) }, events, clock);
  const devices = new Devices(
    { auth: { mfa: { trustDeviceFor: 30 * 24 * 60 * MINUTE } } } as Config,
    new DeviceStore(database, database as BackgroundDatabase),
    events,
    clock,
  );
  const directory = new LoginDirectory(users, devices, settings.identifier ?? 'either');
  const upgrade = new PasswordUpgrade(users, hasher, logger);
  const verifier = new PasswordVerifier(lockout, directory, hasher, upgrade, events);
  const registration = new RegistrationService(
    users,
    hasher,
    new PasswordPolicy({ minLength: 8, minStrength: 0, serviceWords: [] }, new PasswordStrength(lane), null, events),
    { registration: settings.registration ?? 'open' },
    events,
  );
  const resolver = new TenantResolver(tenants, clock, TenantWall.none());
  return { database, users, tenants, resolver, lane, hasher, attempts, lockout, verifier, registration, events, clock };
}

export type IdentityProcess = ReturnType<typeof identityProcess>;

export async function connect(url: string): Promise<DataSource> {
  return new DataSource({ ...dataSourceOptions(url), entities: [Tenant, User], poolSize: 10 }).initialize();
}

/** A client for attempts where it does not matter. */
export const CLIENT = { ipAddress: '192.0.2.1', userAgent: 'test' };
