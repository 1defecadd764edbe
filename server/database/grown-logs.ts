import type { Database, Transaction } from './schema.ts'

/** The number of the newest event, by organization: only of those whose log has grown. */
export type Growth = ReadonlyMap<string, number>

const grown = new WeakMap<Transaction, Map<string, number>>()
const listeners = new WeakMap<Database, Set<(growth: Growth) => void>>()

/** Notes what a transaction added to the logs; told when it is committed. */
export function noteGrowth(tx: Transaction, growth: Growth): void {
  const noted = grown.get(tx) ?? new Map<string, number>()
  for (const [organizationId, lastSeq] of growth) noted.set(organizationId, lastSeq)
  grown.set(tx, noted)
}

/**
 * Has `listener` told after each commit of this process that made a log grow; it must not throw.
 * @returns a function that ends it.
 */
export function onGrowth(db: Database, listener: (growth: Growth) => void): () => void {
  const all = listeners.get(db) ?? new Set()
  listeners.set(db, all.add(listener))
  return () => void all.delete(listener)
}

/**
 * How a transaction ends: with statements that are sent, and whose answers nobody needs before the commit. An object
 * around the promise, as `await` would wait for a bare one.
 */
export interface Ending<Result> {
  answered: Promise<Result>
}

/**
 * A transaction; the commit travels right behind the statements with which its work ends. If one of these fails,
 * nothing is committed. Once it is, those who listen hear which logs it made grow.
 */
export async function runTransaction<Result>(
  db: Database, work: (tx: Transaction) => Promise<Ending<Result>>,
): Promise<Result> {
  const sent: { tx?: Transaction, ending?: Ending<Result> } = {}
  try {
    await db.transaction().execute(async (tx) => {
      const ending = await work(tx)
      ending.answered.catch(() => {}) // it is heard when the commit was answered
      Object.assign(sent, { tx, ending })
    })
  } catch (error) {
    await sent.ending?.answered // says why nothing was committed
    throw error
  }
  const result = await sent.ending!.answered
  const growth = grown.get(sent.tx!)
  if (growth) for (const listener of listeners.get(db) ?? []) listener(growth)
  return result
}
