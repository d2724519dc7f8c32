import type { Client } from 'pg';

export interface Column {
  readonly name: string;
  /** As PostgreSQL writes it: `character varying(255)`. */
  readonly type: string;
  readonly required: boolean;
  /** The database computes it out of other columns. */
  readonly derived: boolean;
}

export interface Table {
  /** With its schema. */
  readonly name: string;
  readonly enabled: boolean;
  readonly forced: boolean;
  /** It holds rows of another table, which they are reached through. */
  readonly partition: boolean;
  readonly columns: readonly Column[];
}

/** Every table of the database that is not PostgreSQL's own, so that none that is added later can be forgotten. */
export async function tablesOf(client: Client): Promise<Table[]> {
  const { rows } = await client.query<{ name: string; enabled: boolean; forced: boolean; partition: boolean }>(
    `select format('%I.%I', n.nspname, c.relname) as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced, c.relispartition as partition
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'f', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`,
  );
  return Array.fromAsync(rows, async (row) => ({ ...row, columns: await columnsOf(client, row.name) }));
}

export async function columnsOf(client: Client, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull and not atthasdef as required, attgenerated <> '' as derived
     from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  );
  return rows;
}

/** The column that says to which organization a row belongs; null where there is none. */
export function organizationColumn(table: Table): string | null {
  if (table.columns.some((column) => column.name === 'organization_id')) return 'organization_id';
  return table.name === 'countersign.organizations' ? 'id' : null;
}

/** Rows of which one column has to say the same as others, as a query that makes one. */
const WHOLE_ROWS: Readonly<Record<string, (organization: string) => string>> = {
  'countersign.audit_entries': (organization) => `
    (id, organization_id, at, leaf) select id, '${organization}', at, jsonb_build_object(
      'id', id, 'organization', '${organization}', 'at', at, 'action', 'team.made', 'actor', '{"type": "system"}'::jsonb, 'resource', '{"type": "team", "ref": "x"}'::jsonb, 'outcome', 'success')
    from (select gen_random_uuid() as id, date_trunc('milliseconds', now()) as at) made`,
};

/** Adds a row of made-up values for the organization. References are not checked: a test that needs them makes them. */
export async function fillTable(client: Client, table: Table, organization: string): Promise<void> {
  await client.query('set session_replication_role = replica');
  await client.query(
    `insert into ${table.name} ${WHOLE_ROWS[table.name]?.(organization) ?? madeUpRow(table, organization)}`,
  );
  await client.query('set session_replication_role = origin');
}

function madeUpRow(table: Table, organization: string): string {
  const columns = table.columns.filter((column) => column.required);
  const values = columns.map((column) =>
    column.name === organizationColumn(table) ? `'${organization}'` : madeUp(column),
  );
  return `(${columns.map((column) => `"${column.name}"`).join(', ')}) values (${values.join(', ')})`;
}

/** An SQL expression that makes a value of the column's type, another one each time where that can be. */
function madeUp({ name, type }: Column): string {
  if (type.endsWith('[]')) return `'{}'`;
  if (type === 'uuid') return 'gen_random_uuid()';
  if (type === 'bytea') return `sha256(gen_random_uuid()::text::bytea)`;
  if (type === 'jsonb') return `'{}'`;
  if (type === 'boolean') return 'false';
  if (type.startsWith('timestamp')) return 'now()';
  if (/^(integer|bigint|smallint|numeric)/.test(type)) return '1';
  if (type === 'date') return 'current_date';
  if (/^(text|character)/.test(type)) return 'left(gen_random_uuid()::text, 36)';
  throw new Error(`no value is made up for columns of type ${type} (${name}): add one`);
}
