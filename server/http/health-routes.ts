import { sql } from 'kysely'
import Type from 'typebox'
import type { Database } from '../database/schema.ts'
import type { Routes, Services } from './hilo-app.ts'

/** A database that takes longer than this to say "1" is no help to anybody. */
const answerWithinMs = 2_000

const tags = ['Operations']

const Live = Type.Object({ status: Type.Literal('ok') }, { examples: [{ status: 'ok' }] })

const Unready = Type.Object({
  status: Type.Literal('unavailable'),
  database: Type.String({ description: 'What is wrong with it.' }),
}, { description: 'The database does not answer. Try again.' })

async function ask(db: Database): Promise<boolean> {
  const timeout = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => timeout.resolve(false), answerWithinMs)
  try {
    return await Promise.race([sql`select 1`.execute(db).then(() => true, () => false), timeout.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Many probes at once ask the database one question. */
function shareQuestion(db: Database): () => Promise<boolean> {
  let asked: Promise<boolean> | undefined
  return () => {
    asked ??= ask(db).finally(() => {
      asked = undefined
    })
    return asked
  }
}

/** For whoever starts, stops and balances processes. */
export const healthRoutes = ({ database: { db } }: Services): Routes => async (app) => {
  app.get('/livez', {
    schema: { tags, summary: 'Is the process alive?', response: { 200: Live } },
  }, () => ({ status: 'ok' as const }))

  const isReady = shareQuestion(db)
  app.get('/readyz', {
    schema: {
      tags,
      summary: 'Can it record messages?',
      description: `Asks the database, which has ${answerWithinMs / 1000} seconds to answer.`,
      response: { 200: Live, 503: Unready },
    },
  }, async (_request, reply) => {
    if (await isReady()) return { status: 'ok' as const }
    return reply.code(503).header('retry-after', '1').send({
      status: 'unavailable' as const, database: 'It does not answer.',
    })
  })
}
