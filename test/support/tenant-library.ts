import 'reflect-metadata';
import { TenantContext } from '@latchkey/nest';
import {
  BelongsToTenant,
  enableTenantRowSecurity,
  SharedByTenants,
  TenantDataSource,
  type TenancyOptions,
} from '@latchkey/nest/typeorm';
import { randomUUID } from 'node:crypto';
import {
  Column,
  DataSource,
  DeleteDateColumn,
  Entity,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  Tree,
  TreeChildren,
  TreeParent,
  type DataSourceOptions,
  type Relation,
} from 'typeorm';
import { createEmptyDatabase, withClient, type TestDatabase } from './test-database';

@SharedByTenants()
@Entity('genres')
export class Genre {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') name!: string;
}

@BelongsToTenant()
@Entity('shelves')
export class Shelf {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'tenant_id' }) tenantId!: string;
  @Column('text') name!: string;
  @OneToMany(() => Book, (book) => book.shelf) books!: Relation<Book>[];
}

@BelongsToTenant()
@Entity('books')
export class Book {
  @PrimaryColumn('uuid') id!: string;
  @Column('uuid', { name: 'tenant_id' }) tenantId!: string;
  @Column('text') title!: string;
  @Column('int', { default: 0 }) pages!: number;
  @DeleteDateColumn({ name: 'deleted_at', type: 'timestamptz' }) deletedAt!: Date | null;
  @ManyToOne(() => Shelf, (shelf) => shelf.books, { eager: true }) shelf!: Relation<Shelf> | null;
  @ManyToOne(() => Book, { lazy: true }) sequel!: Promise<Relation<Book> | null>;
  @ManyToOne(() => Genre) genre!: Relation<Genre> | null;
}

/** With a tenant that is text, and named otherwise. */
@BelongsToTenant({ property: 'library' })
@Entity('sections')
@Tree('materialized-path')
export class Section {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') library!: string;
  @Column('text') name!: string;
  @TreeParent() parent!: Relation<Section> | null;
  @TreeChildren() children!: Relation<Section>[];
}

const SCHEMA = `
  CREATE TABLE genres (id uuid PRIMARY KEY, name text NOT NULL);
  CREATE TABLE shelves (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, name text NOT NULL);
  CREATE TABLE books (
    id uuid PRIMARY KEY, tenant_id uuid NOT NULL, title text NOT NULL, pages int NOT NULL DEFAULT 0, deleted_at timestamptz,
    "shelfId" uuid REFERENCES shelves, "sequelId" uuid REFERENCES books, "genreId" uuid REFERENCES genres);
  CREATE TABLE sections (
    id uuid PRIMARY KEY, library text NOT NULL, name text NOT NULL, "parentId" uuid REFERENCES sections, mpath text DEFAULT '');
  CREATE INDEX ON shelves (tenant_id);
  CREATE INDEX ON books (tenant_id);`;

/** What one tenant owns, by its ids. */
export interface Holding {
  readonly tenant: string;
  readonly shelf: string;
  readonly one: string;
  readonly two: string;
  /** Stands on the shelf of somebody else, and its sequel is theirs too: no database constraint prevents it. */
  readonly stray: string;
  readonly root: string;
  readonly branch: string;
}

type Fields = Pick<Holding, 'tenant'> & { readonly word: string };

/** A library of many tenants in a database of its own, seen by its owner and by applications. */
export class TenantLibrary {
  readonly tenants = new TenantContext();
  private readonly open: DataSource[] = [];

  private constructor(private readonly database: TestDatabase) {}

  static async create(): Promise<TenantLibrary> {
    const database = await createEmptyDatabase();
    await withClient(database.url, (client) => client.query(SCHEMA));
    return new TenantLibrary(database);
  }

  /** Policies on every table of tenants, and the URL of a role that owns none of them. */
  async secure(): Promise<string> {
    const owner = await new DataSource({ type: 'postgres', url: this.database.url }).initialize();
    const runner = owner.createQueryRunner();
    await enableTenantRowSecurity(runner, 'shelves');
    await enableTenantRowSecurity(runner, 'public.books');
    await enableTenantRowSecurity(runner, 'sections', 'library');
    await owner.destroy();
    const role = `app_${randomUUID().slice(0, 8)}`;
    await this.asOwner(`CREATE ROLE ${role} LOGIN PASSWORD 'app'`);
    await this.asOwner(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
    this.role = role;
    return Object.assign(new URL(this.database.url), { username: role, password: 'app' }).href;
  }

  private role: string | null = null;

  /** What an application has of it. */
  async connect(options: Partial<TenancyOptions> & { url?: string; pool?: number } = {}): Promise<TenantDataSource> {
    const { url, pool = 1, ...tenancy } = options;
    const source = new TenantDataSource(this.options(url, pool), { tenants: this.tenants, ...tenancy });
    this.open.push(await source.initialize());
    return source;
  }

  /** The same without anything that keeps tenants apart. */
  async connectPlainly(pool = 1): Promise<DataSource> {
    const source = await new DataSource(this.options(undefined, pool)).initialize();
    this.open.push(source);
    return source;
  }

  /** As an application would write it in its module. */
  options(url = this.database.url, pool = 1): DataSourceOptions {
    return {
      type: 'postgres',
      url,
      entities: [Genre, Shelf, Book, Section],
      poolSize: pool,
      installExtensions: false,
      extra: { application_name: 'library' },
    };
  }

  /** Two books on a shelf, two sections, and a stray. Every text of it begins with `word`. */
  async furnish(word: string, stray?: Holding): Promise<Holding> {
    const [tenant, shelf, one, two, lost, root, branch] = Array.from({ length: 7 }, randomUUID) as [
      string,
      ...string[],
    ];
    const holding = { tenant, shelf, one, two, stray: lost, root, branch } as unknown as Holding;
    await this.write({ tenant, word }, holding, stray ?? holding);
    return holding;
  }

  private async write({ tenant, word }: Fields, own: Holding, strayTo: Holding): Promise<void> {
    await this.asOwner('INSERT INTO shelves VALUES ($1, $2, $3)', [own.shelf, tenant, `${word} shelf`]);
    const book =
      'INSERT INTO books (id, tenant_id, title, pages, "shelfId", "sequelId") VALUES ($1, $2, $3, $4, $5, $6)';
    await this.asOwner(book, [own.one, tenant, `${word} one`, 10, own.shelf, null]);
    await this.asOwner(book, [own.two, tenant, `${word} two`, 20, own.shelf, own.one]);
    await this.asOwner(book, [own.stray, tenant, `${word} stray`, 30, strayTo.shelf, strayTo.one]);
    const section = 'INSERT INTO sections (id, library, name, "parentId", mpath) VALUES ($1, $2, $3, $4, $5)';
    await this.asOwner(section, [own.root, tenant, `${word} root`, null, `${own.root}.`]);
    await this.asOwner(section, [own.branch, tenant, `${word} branch`, own.root, `${own.root}.${own.branch}.`]);
  }

  /** All rows of a tenant, as text. */
  async contentOf({ tenant }: Pick<Holding, 'tenant'>): Promise<string> {
    const tables = [
      ['shelves', 'tenant_id'],
      ['books', 'tenant_id'],
      ['sections', 'library'],
    ];
    const rows = tables.map(
      ([table, column]) => `SELECT to_jsonb(t) AS row FROM ${table} t WHERE ${column}::text = $1`,
    );
    return JSON.stringify(await this.asOwner(`${rows.join(' UNION ALL ')} ORDER BY 1`, [tenant]));
  }

  async asOwner(sql: string, parameters?: unknown[]): Promise<Record<string, unknown>[]> {
    this.owner ??= await new DataSource({ type: 'postgres', url: this.database.url, poolSize: 1 }).initialize();
    return this.owner.query(sql, parameters);
  }

  private owner?: DataSource;

  async close(): Promise<void> {
    for (const source of this.open) if (source.isInitialized) await source.destroy();
    if (this.role) await this.asOwner(`DROP OWNED BY ${this.role}`);
    if (this.role) await this.asOwner(`DROP ROLE ${this.role}`);
    await this.owner?.destroy();
    await this.database.drop();
  }
}

type Scoped = (sql: string, values?: unknown[]) => readonly [string, unknown[] | undefined];

/** Takes the conditions away: statements go out as `send` makes them, else as if there were no tenants. */
export function withoutConditions(source: TenantDataSource, send?: Scoped): TenantDataSource {
  const { scope } = (source as unknown as { gate: { scope: { scoped: Scoped; lifted(sql: string): string } } }).gate;
  scope.scoped = send ?? ((sql, values) => [scope.lifted(sql), values]);
  return source;
}
