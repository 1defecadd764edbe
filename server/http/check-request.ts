import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isTooLongForId, maxIdCharacters } from '../conversations/parse-id.ts'
import { HiloError } from '../errors.ts'

const control = /[\u0000-\u001f\u007f]/

function checkParam(name: string, value: string): void {
  const problem = value === '' ? 'is empty'
    : isTooLongForId(value) ? `is longer than ${maxIdCharacters} characters`
      : control.test(value) || !value.isWellFormed() ? 'holds a control character' : undefined
  if (problem) throw new HiloError('INVALID_ID', `"${name}" in the path ${problem}.`, { field: name })
}

function checkQuery(name: string, value: unknown): void {
  const texts = [name, value].flat().filter((one) => typeof one === 'string')
  if (texts.every((text) => text.isWellFormed() && !text.includes('\0'))) return
  throw new HiloError('INVALID_REQUEST', 'The query string holds a NUL character (%00). Take it out.', {
    field: name.toWellFormed().replaceAll('\0', ''),
  })
}

/** Without lists of entries: it runs for every request. */
function check({ params, query }: FastifyRequest): void {
  for (const name in params as Record<string, string>) checkParam(name, (params as Record<string, string>)[name]!)
  for (const name in query as Record<string, unknown>) checkQuery(name, (query as Record<string, unknown>)[name])
}

/** Refuses in paths and query strings what no id and no text can hold, before it comes near the database. */
export function checkRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    try {
      if (request.is404) return done()
      check(request)
    } catch (error) {
      return done(error as Error)
    }
    done()
  })
}
