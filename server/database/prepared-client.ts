import type { Socket } from 'node:net'
import pg from 'pg'
import { actAsOwner, showOrganizations } from './session.ts'

const names = new Map<string, string>()

/** Statements whose rows travel as one JSON value always have the same text. */
function isConstant(text: string): boolean {
  return text.includes('json_')
}

function nameOf(text: string): string {
  const known = names.get(text)
  if (known) return known
  const name = `hilo_${names.size}`
  names.set(text, name)
  return name
}

/** The statements that open a transaction; `begin` is Kysely's. */
const openers = new Set(['begin', actAsOwner, showOrganizations])

/**
 * A `pg` client that prepares the statements of the write path, once for each connection: PostgreSQL need not parse
 * and plan them again for every batch. Other statements have many texts and are sent as they are.
 *
 * What opens a transaction is not waited for but travels with the first statement that is (the pool's `pipeline`): two
 * ways to the database and back less. Would it fail, the connection is given up, and with it all that was sent behind.
 */
export class PreparedClient extends pg.Client {
  #unanswered = 0

  // The overloads of `query` are many; all but a text, with values or without, go through as they are.
  override query = ((...args: unknown[]) => {
    const [text, values] = args
    if (args.length > 2 || typeof text !== 'string') return (super.query as (...args: unknown[]) => unknown)(...args)
    const name = isConstant(text) ? nameOf(text) : undefined
    return this.#sendWithOthers({ name, text, values: values as unknown[] | undefined })
  }) as pg.Client['query']

  /** Gives the connection up when the server owes an answer and says nothing for so long; milliseconds. */
  giveUpOnSilence(ms: number): void {
    const stream = this.connection.stream as Socket
    stream.setTimeout(ms).on('timeout', () => {
      if (this.#unanswered === 0) return
      stream.destroy(Object.assign(new Error(`PostgreSQL says nothing for ${ms} ms.`), { code: 'ETIMEDOUT' }))
    })
  }

  /** What is asked for before Node turns to other things goes in one piece: each costs both sides a system call. */
  #sendWithOthers(statement: pg.QueryConfig): Promise<Partial<pg.QueryResult>> {
    const { stream } = this.connection
    stream.cork()
    process.nextTick(() => stream.uncork())
    const answer = this.#send(statement)
    if (!this.pipeline || !openers.has(statement.text)) return answer
    answer.catch((error: Error) => stream.destroy(error))
    return Promise.resolve({ rows: [] })
  }

  /**
   * With a callback, and without the time-out of `pg`: for a promise or a time-out, `pg` sets a property of each query
   * to a function literal. V8 makes such functions among the old objects, and there each keeps its statement's values
   * and rows until all of the memory is searched (docs/performance.md).
   */
  #send(statement: pg.QueryConfig): Promise<pg.QueryResult> {
    this.#unanswered += 1
    return new Promise((resolve, reject) => {
      super.query(statement, (error, result) => {
        this.#unanswered -= 1
        if (error) reject(error)
        else resolve(result)
      })
    })
  }
}
