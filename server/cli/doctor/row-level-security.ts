import { sql } from 'kysely'
import type { Database, Transaction } from '../../database/schema.ts'
import type { Check } from './check.ts'

const name = 'row-level security'

/** Whether the role that serves requests is held to one organization by the database itself, on every table. */
export async function checkRowLevelSecurity(db: Database): Promise<Check> {
  const hint = 'Take the server off the network until this is repaired: organizations are not sealed off from each other.'
  try {
    const problem = await db.transaction().execute(findProblem)
    if (problem) return { name, state: 'FAIL', message: problem, hint }
    return { name, state: 'OK', message: 'On for every table; the role hilo_app cannot bypass it.' }
  } catch (error) {
    const message = `It could not be checked: ${(error as Error).message}.`
    return { name, state: 'FAIL', message, hint: 'Connect as the role that set the database up (HILO_DATABASE_URL).' }
  }
}

async function findProblem(tx: Transaction): Promise<string | undefined> {
  const power = await readPower(tx)
  if (power) return power
  // Everything below is asked as the role itself.
  await sql`set local role hilo_app`.execute(tx)
  const tables = await readTables(tx)
  if (tables.length === 0) return 'hilo_app may read no table: it cannot serve requests.'
  const open = tables.filter(({ isActive }) => !isActive).map((table) => table.name)
  if (open.length > 0) return `It is off, or hilo_app bypasses it, on: ${open.join(', ')}.`
  const leaking = await findLeaking(tx, tables.map((table) => table.name))
  return leaking.length > 0 ? `hilo_app sees rows of every organization in: ${leaking.join(', ')}.` : undefined
}

/** What the role may do that it must not. */
async function readPower(tx: Transaction): Promise<string | undefined> {
  const { rows: [role] } = await sql<{ rolsuper: boolean, rolbypassrls: boolean }>`
    select rolsuper, rolbypassrls from pg_roles where rolname = 'hilo_app'
  `.execute(tx)
  if (!role) return 'The role hilo_app, which serves requests, does not exist.'
  if (role.rolsuper) return 'The role hilo_app is a superuser, whom no policy binds.'
  return role.rolbypassrls ? 'The role hilo_app has BYPASSRLS, so no policy binds it.' : undefined
}

/** Every table with rows of an organization that the current role may use, and whether policies hold for it. */
async function readTables(tx: Transaction): Promise<{ name: string, isActive: boolean }[]> {
  const { rows } = await sql<{ name: string, isActive: boolean }>`
    select c.relname as name, row_security_active(c.oid) as "isActive"
    from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
      and has_table_privilege(c.oid, 'select, insert, update, delete')
      and (
        c.relname = 'organizations' or exists (
          select from pg_attribute a
          where a.attrelid = c.oid and a.attname = 'organization_id' and not a.attisdropped
        )
      )
    order by c.relname
  `.execute(tx)
  return rows
}

/** Tables that show a row to a transaction which has no organization: a policy that lets too much through. */
async function findLeaking(tx: Transaction, tables: readonly string[]): Promise<string[]> {
  await sql`select set_config('hilo.organization_ids', '', true)`.execute(tx)
  // By the index on the organization the answer costs nothing, however large the table is.
  await sql`set local enable_seqscan = off`.execute(tx)
  const seen = await sql<Record<string, boolean>>`
    select ${sql.join(tables.map((table) => sql`exists (select from ${sql.table(table)}) as ${sql.ref(table)}`))}
  `.execute(tx)
  return tables.filter((table) => seen.rows[0]?.[table])
}
