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

type Send = (...args: unknown[]) => unknown

/**
 * A `pg` client that prepares the statements of the write path, once for each connection: PostgreSQL need not parse
 * and plan them again for every batch. Other statements have many texts and are sent as they are.
 *
 * What opens a transaction is not waited for but travels with the first statement that is (the pool's `pipeline`): two
 * ways to the database and back less. Would it fail, the connection is given up, and with it all that was sent behind.
 */
export class PreparedClient extends pg.Client {
  // The overloads of `query` are many; all but the one that Kysely calls go through as they are.
  override query = ((...args: unknown[]) => {
    const [text, values] = args
    const send = super.query.bind(this) as Send
    if (args.length !== 2 || typeof text !== 'string') return send(...args)
    this.#sendWithOthers()
    if (this.pipeline && openers.has(text)) return this.#sendAhead(send, args)
    return isConstant(text) ? send({ name: nameOf(text), text, values }) : send(...args)
  }) as pg.Client['query']

  /** What is asked for before Node turns to other things goes in one piece: each costs both sides a system call. */
  #sendWithOthers(): void {
    const { stream } = this.connection
    stream.cork()
    process.nextTick(() => stream.uncork())
  }

  #sendAhead(send: Send, args: unknown[]): Promise<Partial<pg.QueryResult>> {
    const sent = send(...args) as Promise<unknown>
    sent.catch((error: Error) => this.connection.stream.destroy(error))
    return Promise.resolve({ rows: [] })
  }
}
