import type { DataSource, EntityMetadata } from 'typeorm';
import { TenancyError } from '../tenancy/tenancy-error';
import { tenantPropertyOf } from './belongs-to-tenant';

/** A table whose rows belong to a tenant each. */
export interface ScopedTable {
  /** Its name in the database, without its schema. */
  readonly name: string;
  /** Name of the column that holds the tenant. */
  readonly column: string;
  /** Name of the entity's property that holds the tenant. */
  readonly property: string;
}

/**
 * Before the name of a scoped table in all that TypeORM writes. Before it: PostgreSQL cuts names after 63 bytes, and what is
 * left must not be the table.
 */
const MARK = 'tenant@';

/**
 * The scoped tables of a data source. TypeORM is told names that exist in no database: whatever it writes, by whichever
 * way, fails unless the condition of a tenant was put in the place of such a name.
 */
export class ScopedTables {
  private readonly marked = new Map<string, ScopedTable>();
  private readonly names = new Set<string>();
  private readonly shared = new Set<string>();
  private readonly properties = new Map<EntityMetadata, string>();

  /** @throws TenancyError `tenancy_misconfigured` unless it is decided of each entity whether it belongs to tenants. */
  static mark(dataSource: DataSource): ScopedTables {
    const tables = new ScopedTables();
    for (const metadata of dataSource.entityMetadatas) tables.add(metadata);
    for (const metadata of tables.properties.keys()) {
      if (tables.shared.has(metadata.tablePath))
        throw misconfigured(metadata, 'has its table in common with a shared one');
      metadata.tablePath = metadata.tablePath.slice(0, -metadata.tableName.length) + MARK + metadata.tableName;
    }
    return tables;
  }

  /** The table behind a marked name. */
  behind(marked: string): ScopedTable | undefined {
    return this.marked.get(marked);
  }

  /** The statement as the database knows its tables, without any condition. */
  unmarked(sql: string): string {
    return sql.replace(/"((?:[^"]|"")+)"/g, (quoted, name: string) => {
      const table = this.marked.get(name.replaceAll('""', '"'));
      return table ? quotedName(table.name) : quoted;
    });
  }

  /** True when this names a scoped table as the database knows it. Part by part, the last one is the table's. */
  isBare(path: readonly string[]): boolean {
    return this.names.has(path[path.length - 1] ?? '') && !this.shared.has(path.join('.'));
  }

  /** The tenant's property of an entity; undefined for shared ones. */
  propertyOf(metadata: EntityMetadata): string | undefined {
    return this.properties.get(metadata);
  }

  private add(metadata: EntityMetadata): void {
    const property = propertyFor(metadata);
    if (property === null) return void this.shared.add(metadata.tablePath);
    const column = metadata.columns.find(({ propertyPath }) => propertyPath === property);
    if (!column || column.isNullable || column.transformer) {
      throw misconfigured(metadata, `needs a column for "${property}" that is not null and has no transformer`);
    }
    if (metadata.treeType === 'nested-set' || metadata.treeType === 'closure-table') {
      throw misconfigured(metadata, `cannot be a ${metadata.treeType}: take an adjacency list or a materialized path`);
    }
    const { tableName: name } = metadata;
    this.properties.set(metadata, property);
    this.names.add(name);
    this.marked.set(MARK + name, { name, column: column.databaseName, property });
  }
}

/** An identifier as PostgreSQL reads it back. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function propertyFor(metadata: EntityMetadata): string | null {
  if (metadata.tableType === 'junction' || metadata.tableType === 'closure-junction') {
    const sides = [
      metadata.parentClosureEntityMetadata,
      ...metadata.foreignKeys.map((key) => key.referencedEntityMetadata),
    ];
    if (sides.every((side) => !side || tenantPropertyOf(side.target) === null)) return null;
    throw misconfigured(metadata, 'is a table of links without a tenant: make it an entity with @BelongsToTenant()');
  }
  const property = tenantPropertyOf(metadata.target);
  if (property !== undefined) return property;
  throw misconfigured(metadata, 'needs @BelongsToTenant() or @SharedByTenants()');
}

function misconfigured({ name }: EntityMetadata, what: string): TenancyError {
  return new TenancyError('tenancy_misconfigured', `${name} ${what}`);
}
