import { AccountChanges } from '../../src/identity/account-changes.service';
import { RegistrationService, type UserToCreate } from '../../src/identity/registration.service';
import { TenantStore, type NewTenant } from '../../src/tenancy/tenant.store';
import type { Tenant } from '../../src/tenancy/tenant.entity';
import type { Answer, HttpClient, RequestOptions } from '../support/http-client';
import { startTestApp, unique, type TestApp, type TestAppOptions, type TestClock } from '../support/test-app';

/** Answer of a login or refresh, as clients read it. */
export interface Grant {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly expires_at: string;
  readonly user: Record<string, unknown> & {
    readonly id: string;
    readonly tenant_id: string;
    readonly roles: string[];
  };
  readonly session?: Readonly<Record<string, string>>;
}

export interface Me {
  readonly user: Grant['user'];
  readonly mode: string;
  readonly session_id: string;
  readonly expires_at: string;
  readonly amr: string[];
  readonly auth_time: string;
}

export interface ListedSession {
  readonly id: string;
  readonly ip_address: string;
  readonly user_agent: string;
  readonly device: string | null;
  readonly current: boolean;
  readonly amr: string[];
  readonly last_activity: string;
  readonly created_at: string;
  readonly expires_at: string;
}

/** Somebody with an account, and what they know. */
export interface Person {
  readonly userId: string;
  readonly tenantId: string;
  readonly email: string;
  readonly username: string;
  readonly password: string;
}

/** A person who has just signed in. */
export interface SignedIn {
  readonly person: Person;
  readonly grant: Grant;
  readonly sessionId: string;
}

export const PASSWORD = 'correct horse battery staple';

/** A running service as its visitors see it, and the few levers that only its operator has. */
export class Service {
  private running?: TestApp;

  constructor(private readonly options: TestAppOptions) {}

  async start(options: TestAppOptions = {}): Promise<void> {
    this.running = await startTestApp({ ...this.options, ...options });
  }

  async stop(): Promise<void> {
    await this.running?.close();
  }

  get app(): TestApp {
    if (!this.running) throw new Error('The service was not started');
    return this.running;
  }

  get http(): HttpClient {
    return this.app.http;
  }

  get clock(): TestClock {
    return this.app.clock;
  }

  get changes(): AccountChanges {
    return this.app.provider(AccountChanges);
  }

  async defaultTenant(): Promise<Tenant> {
    return this.app.provider(TenantStore).getDefault();
  }

  async tenant(difference: Partial<NewTenant> = {}): Promise<Tenant> {
    const slug = unique('tenant');
    const tenant = await this.app.provider(TenantStore).create({ slug, name: slug, ...difference });
    if (!tenant) throw new Error(`The slug ${slug} is taken`);
    return tenant;
  }

  /** An account that nobody else has. */
  async person(difference: Partial<UserToCreate> = {}): Promise<Person> {
    const tenantId = difference.tenantId ?? (await this.defaultTenant()).id;
    const name = unique('ada');
    const account = { tenantId, email: `${name}@example.com`, username: name, name: 'Ada', password: PASSWORD };
    const user = { ...account, ...difference };
    const userId = await this.app.provider(RegistrationService).createUser(user);
    return { userId, tenantId, email: user.email ?? '', username: user.username ?? '', password: user.password ?? '' };
  }

  login(person: Person, difference: object = {}, options: RequestOptions = {}): Promise<Answer<Grant>> {
    const { email, password, tenantId } = person;
    return this.http.post<Grant>('/auth/login', {
      ...options,
      json: { email, password, tenant_id: tenantId, ...difference },
    });
  }

  /** A new person, or the one who is given, signed in. */
  async signedIn(person?: Person, difference: object = {}, options: RequestOptions = {}): Promise<SignedIn> {
    const who = person ?? (await this.person());
    const { status, body, text } = await this.login(who, difference, options);
    if (status !== 200) throw new Error(`The login was refused: ${text}`);
    const me = await this.me(body.access_token, options);
    return { person: who, grant: body, sessionId: me.body.session_id };
  }

  refresh(token: string, options: RequestOptions = {}): Promise<Answer<Grant>> {
    return this.http.post<Grant>('/auth/refresh', { ...options, json: { refresh_token: token } });
  }

  me(token: string, options: RequestOptions = {}): Promise<Answer<Me>> {
    return this.http.get<Me>('/auth/me', { ...options, token });
  }

  async sessions(token: string): Promise<readonly ListedSession[]> {
    return (await this.http.get<{ sessions: ListedSession[] }>('/auth/sessions', { token })).body.sessions;
  }
}

/** A service for the surrounding `describe`. */
export function useService(options: TestAppOptions = {}): Service {
  const service = new Service(options);
  beforeAll(() => service.start());
  afterAll(() => service.stop());
  return service;
}

/** The claims of a JWT; proves nothing. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> & { iat: number; exp: number; jti: string } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as ReturnType<typeof claimsOf>;
}
