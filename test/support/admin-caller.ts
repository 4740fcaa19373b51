import type { Service, SignedIn } from '../e2e/service';
import type { Answer, Problem } from './http-client';

/** Whatever an answer of `/admin` holds that a test looks at. */
export type AdminBody = Problem & Readonly<Record<string, never>>;

/** An administrator who is signed in, and what they send. */
export class AdminCaller {
  constructor(
    private readonly service: Service,
    readonly login: SignedIn,
  ) {}

  get id(): string {
    return this.login.person.userId;
  }

  get tenantId(): string {
    return this.login.person.tenantId;
  }

  /** `route` such as `GET /admin/users`. */
  send<Body = Problem>(route: string, json?: unknown): Promise<Answer<Body>> {
    const [method, path] = route.split(' ') as [string, string];
    return this.service.http.send<Body>(method, path, { token: this.login.grant.access_token, json });
  }
}

/** A new administrator of a tenant, or with the role of the platform. */
export async function administrator(service: Service, tenantId?: string, role = 'admin'): Promise<AdminCaller> {
  return new AdminCaller(
    service,
    await service.signedIn(await service.person({ ...(tenantId !== undefined && { tenantId }), roles: [role] })),
  );
}

export function platformAdministrator(service: Service): Promise<AdminCaller> {
  return administrator(service, undefined, 'platform_admin');
}
