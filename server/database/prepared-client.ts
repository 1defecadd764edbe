import pg from 'pg'

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

/**
 * A `pg` client that prepares the statements of the write path, once for each connection: PostgreSQL need not parse
 * and plan them again for every batch. Other statements have many texts and are sent as they are.
 */
export class PreparedClient extends pg.Client {
  // The overloads of `query` are many; all but the one that Kysely calls go through as they are.
  override query = ((...args: unknown[]) => {
    const [text, values] = args
    const send = super.query.bind(this) as (...all: unknown[]) => unknown
    if (args.length !== 2 || typeof text !== 'string' || !isConstant(text)) return send(...args)
    return send({ name: nameOf(text), text, values })
  }) as pg.Client['query']
}
