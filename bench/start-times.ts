import type { Bench } from './bench.ts'
import { createPlace } from './cases.ts'
import { createTenants } from './databases.ts'
import { startHilo } from './hilo-server.ts'

const starts = 3

export interface StartTimes {
  /** From the start of the process to the first 200 of /readyz, median. */
  postgresMs: number
  pgliteMs: number
}

/** Measures how long Hilo takes to start on a database that it has used before. */
export async function measureStartTimes(bench: Bench): Promise<StartTimes> {
  return { postgresMs: await measureStart(bench, 'postgres'), pgliteMs: await measureStart(bench, 'pglite') }
}

async function measureStart(bench: Bench, database: 'postgres' | 'pglite'): Promise<number> {
  const place = await createPlace(bench, database, `start_${database}`)
  await createTenants(place, 1)
  const tookMs: number[] = []
  for (let start = 1; start <= starts; start++) {
    const server = await startHilo(bench, place)
    tookMs.push(server.startMs)
    await server.stop()
  }
  return tookMs.sort((one, other) => one - other)[Math.floor(starts / 2)]!
}
