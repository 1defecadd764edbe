/**
 * How a connection that serves requests is set up. The role is the one that row-level security binds. Every look-up has
 * its index: without the second line, a small table is read whole, and by a prepared statement still when it has grown.
 * Compiling (jit) costs more than any of our statements.
 */
export const sessionSettings = `
  set role hilo_app;
  set enable_seqscan = off;
  set jit = off
`

/** What a transaction begins with, besides `begin`: whose rows it sees. Nobody reads what they answer. */
export const showOrganizations = 'select set_config(\'hilo.organization_ids\', $1, true)'
export const actAsOwner = 'set local role none'
