import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../server/test/postgres.ts'
import { Children } from './children.ts'
import type { Options } from './options.ts'

/** What a run works with. */
export interface Bench {
  options: Options
  children: Children
  /** For what the run writes; deleted at its end. */
  folder: string
  /** URL of the PostgreSQL superuser. */
  postgresUrl: string
}

export interface StartedBench extends Bench {
  /** Stops everything and deletes what was written. */
  stop(): Promise<void>
}

/**
 * Starts a PostgreSQL that waits for the disk, with its own settings, as a user's would be. Where events are measured,
 * it also notes when it commits.
 */
export async function startBench(options: Options): Promise<StartedBench> {
  const postgres = await startPostgres({ durable: true, settings: options.events ? ['track_commit_timestamp=on'] : [] })
  const children = new Children()
  const folder = await mkdtemp(join(tmpdir(), 'hilo-bench-'))
  const stop = async () => {
    await children.stopAll()
    await postgres.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  return { options, children, folder, postgresUrl: postgres.url, stop }
}
