import { sql } from 'kysely'
import type { ConstructorOptions, PgBoss } from 'pg-boss'

/** How pg-boss reaches the database: through connections of its own, or through the one there is. */
export type JobDatabase = Pick<
  ConstructorOptions, 'backend' | 'db' | 'connectionString' | 'max' | 'connectionTimeoutMillis' | 'application_name'
>

/** What pg-boss needs of a database of ours. */
export type Executor = NonNullable<ConstructorOptions['db']>

export type Jobs = PgBoss

/** Name of the schema that pg-boss keeps its tables in. */
const jobSchema = 'hilo_jobs'

export const jobTable = sql.table(`${jobSchema}.job`)

/** How often expired jobs are looked for. */
const superviseSeconds = 10

/**
 * Starts the queue of durable jobs: pg-boss, in a schema of its own in the same database, as the role that connected.
 * It is loaded here and not at the top, as it would delay the start of the server.
 * @param onError told of what fails in the background; pg-boss goes on by itself.
 */
export async function startJobs(database: JobDatabase, onError: (error: Error) => void): Promise<Jobs> {
  const { PgBoss } = await import('pg-boss')
  const jobs = new PgBoss({
    ...database,
    schema: jobSchema,
    schedule: false,
    registerInstance: false,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
    monitorVacuum: false,
    reindex: database.backend !== 'pglite', // the embedded database cannot do it beside other work
    openTelemetry: { enabled: false },
  })
  jobs.on('error', onError)
  await jobs.start()
  return jobs
}

/** Stops it without waiting for jobs: whoever works on them has ended them or given them back. */
export async function stopJobs(jobs: Jobs): Promise<void> {
  await jobs.stop({ graceful: false, close: true })
}
