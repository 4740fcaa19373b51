import { Inject, Injectable } from '@nestjs/common';
import { ClientDirectory } from '../clients/client-directory.store';
import type { ListedClient } from '../clients/client';
import { Clock } from '../common/clock';
import type { Config } from '../config/config';
import { CONFIG } from '../config/config.token';
import { AdminReach } from './admin-reach';
import type { AdminScope } from './admin-scope';
import type { ClientsQuery } from './admin.schemas';
import { pageOf, type Page } from './page';

/** Looks at clients. An administrator of a tenant sees those that are bound to it and to no other. */
@Injectable()
export class AdminClients {
  constructor(
    private readonly reach: AdminReach,
    private readonly directory: ClientDirectory,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** For clients of whom nothing else was said. */
  get defaultAudiences(): readonly string[] {
    return [this.config.auth.jwt.audience];
  }

  async list(scope: AdminScope, { tenant_id: named, ...page }: ClientsQuery): Promise<Page<ListedClient>> {
    const wanted = named === undefined && scope.platform ? null : (await this.reach.tenant(scope, named)).id;
    const now = this.clock.date();
    return pageOf(page, (after, limit) => this.directory.page({ onlyOf: wanted, after, limit }, now));
  }

  get(scope: AdminScope, id: string): Promise<ListedClient> {
    return this.reach.client(scope, id);
  }
}
