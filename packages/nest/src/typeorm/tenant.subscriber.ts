import type { EntitySubscriberInterface, InsertEvent, ObjectLiteral } from 'typeorm';
import { TenancyError } from '../tenancy/tenancy-error';
import type { TenantContext } from '../tenancy/tenant-context';
import type { ScopedTables } from './scoped-tables';

/** Writes the tenant into entities before they are inserted, so that the program sees it in them. */
export class TenantSubscriber implements EntitySubscriberInterface {
  constructor(
    private readonly tables: ScopedTables,
    private readonly tenants: TenantContext,
  ) {}

  beforeInsert({ entity, metadata }: InsertEvent<ObjectLiteral>): void {
    const property = this.tables.propertyOf(metadata);
    const tenantId = this.tenants.current();
    if (property === undefined || tenantId === null || !entity) return;
    const column = metadata.columns.find(({ propertyPath }) => propertyPath === property)!;
    const given: unknown = column.getEntityValue(entity);
    if (given === undefined || given === null) return column.setEntityValue(entity, tenantId);
    if (given !== tenantId)
      throw new TenancyError('tenant_crossing', `a ${metadata.name} of another tenant is inserted`);
  }
}
