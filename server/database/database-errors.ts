/** Errors of the network below the database connection (Node's codes). */
const networkCodes = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN',
  'ECONNABORTED', 'ENOSPC',
])

/**
 * Classes of SQLSTATE that say "not now" about the server (https://www.postgresql.org/docs/current/errcodes-appendix.html):
 * 08 connection, 28 log-in, 53 resources (disk, memory, connections), 57 operator intervention, 58 system.
 */
const unavailableClasses = new Set(['08', '28', '53', '57', '58'])

/**
 * Single codes: no such database, one that takes no connections (none of our statements fails with this), read-only (a
 * standby took over), lock timeout, idle transaction ended, transaction that took too long ended.
 */
const unavailableStates = new Set(['3D000', '55000', '25006', '55P03', '25P03', '25P04'])

/** What `pg`, its pool and PGlite say when the connection itself is gone; they give no code with it. */
const lostConnection = new RegExp([
  'Connection terminated', 'Query read timeout', 'timeout exceeded when trying to connect', 'Client has encountered a connection error',
  'Client was closed and is not queryable', 'Cannot use a pool after calling end', 'PGlite is closed',
  'PGlite failed to initialize', 'driver has already been destroyed', 'server does not support SSL',
].join('|'), 'i')

/** A unique key was taken meanwhile, a serialization failure, a deadlock. */
const conflictStates = new Set(['23505', '40001', '40P01'])

function readCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : ''
}

/** The error and those behind it; a failed connection to several addresses hides its reasons in a list. */
function withCauses(error: unknown): unknown[] {
  const found: unknown[] = []
  for (let one = error; one instanceof Error && found.length < 8; one = one.cause) {
    found.push(one)
    if (one instanceof AggregateError) found.push(...one.errors)
  }
  return found
}

function isUnavailableItself(error: unknown): boolean {
  const code = readCode(error)
  if (networkCodes.has(code)) return true
  if (code.length === 5) return unavailableStates.has(code) || unavailableClasses.has(code.slice(0, 2))
  return error instanceof Error && lostConnection.test(error.message)
}

/** The reason in a few words; a failed connection to several addresses hides its reasons in a list. */
export function nameReason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return nameReason(error.errors[0])
  return error instanceof Error ? error.message : String(error)
}

/** Whether the database is away, full or too busy: trying again may help. */
export function isUnavailable(error: unknown): boolean {
  return withCauses(error).some(isUnavailableItself)
}

/** Whether a transaction lost a race and will go through when it starts again from the beginning. */
export function isConflictToRetry(error: unknown): boolean {
  return withCauses(error).some((one) => conflictStates.has(readCode(one)))
}
