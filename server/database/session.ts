import { CompiledQuery } from 'kysely'

/**
 * How a connection that serves requests is set up. The role is the one that row-level security binds. The planner is
 * told to go by indexes, row by row: every hot look-up has its index, but while a table is small the planner would read
 * it whole, and keep doing so with a prepared statement long after the table has grown.
 */
export const sessionSettings = [
  'set role hilo_app',
  'set enable_seqscan = off',
  'set enable_hashjoin = off',
  'set enable_mergejoin = off',
  'set jit = off',
].map((statement) => CompiledQuery.raw(statement))
