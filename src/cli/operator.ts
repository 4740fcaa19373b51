import { AuthError } from '@latchkey/nest';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { NestLogger } from '../common/nest-logger';
import { isUuid } from '../common/uuid';
import type { UserStatus } from '../identity/user.entity';
import { UserStore } from '../identity/user.store';
import type { Tenant } from '../tenancy/tenant.entity';
import { TenantStore } from '../tenancy/tenant.store';
import { OneShotFeed } from './one-shot-feed';
import { OperatorModule } from './operator.module';
import type { Call } from './shell';

/** A user as commands show one: without a hash. */
export interface Account {
  readonly id: string;
  readonly tenantId: string;
  readonly email: string | null;
  readonly username: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly status: UserStatus;
}

/** Somebody with the machine's rights, and the services at hand. */
export class Operator {
  constructor(private readonly context: INestApplicationContext) {}

  get<T>(type: Type<T> | (abstract new (...given: never[]) => T)): T {
    return this.context.get(type as Type<T>);
  }

  /** By slug or id; the default tenant when none is named. @throws AuthError `not_found` */
  async tenant(named: string | undefined): Promise<Tenant> {
    const tenants = this.get(TenantStore);
    if (named === undefined) return tenants.getDefault();
    const tenant = isUuid(named) ? await tenants.findById(named) : await tenants.findBySlug(named);
    if (!tenant) throw new AuthError('not_found', 'There is no such tenant: `latchkey tenants list` shows them');
    return tenant;
  }

  /** By id, e-mail address or username. An id is never taken for a username. @throws AuthError `not_found` */
  async account(tenant: Tenant, named: string): Promise<Account> {
    const users = this.get(UserStore);
    const found = isUuid(named)
      ? await users.findPersonById(tenant.id, named)
      : await users.findByIdentifier(tenant.id, named);
    if (!found) throw new AuthError('not_found', `There is no such user in the tenant ${tenant.slug}`);
    const { id, tenantId, email, username, name, roles, status } = found;
    return { id, tenantId, email, username, name, roles, status };
  }
}

/**
 * Runs `work` with the service's own parts, on the service's own database: an embedded one is shared with a running
 * service, or started for so long. What was revoked is told to running processes before this returns.
 */
export async function asOperator<T>(
  call: Call,
  work: (operator: Operator) => Promise<T>,
  further: Type[] = [],
): Promise<T> {
  const config = call.config();
  const logger = call.logger(config);
  const context = await NestFactory.createApplicationContext(OperatorModule.forRoot(config, logger, further), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  try {
    return await work(new Operator(context));
  } finally {
    await context.get(OneShotFeed).tellOthers();
    await context.close();
  }
}
