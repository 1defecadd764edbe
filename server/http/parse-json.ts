import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { HiloError } from '../errors.ts'
import { checkBody } from './check-body.ts'

/** What V8 found wrong, as the end of a sentence: it names either a place, or the text around it. */
function explain(error: unknown, text: string): string {
  const message = error instanceof Error ? error.message : ''
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position !== undefined) {
    const before = text.slice(0, Number(position)).split('\n')
    return ` at line ${before.length}, column ${before.at(-1)!.length + 1}`
  }
  if (/end of JSON input/.test(message)) return ': it ends too early'
  const [, token, near] = /^Unexpected token '(.+?)', ([^]*) is not valid JSON$/u.exec(message) ?? []
  return near ? `: unexpected ${token} in ${near}` : ''
}

/**
 * Reads a JSON body; what is in it is not checked yet.
 * @returns undefined for an empty body: routes that need one say so in their schema.
 * @throws HiloError INVALID_JSON.
 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) {
    throw new HiloError('INVALID_JSON', 'The body is not valid UTF-8.', { hint: 'Send the JSON encoded as UTF-8.' })
  }
  const text = body.toString('utf8')
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch (error) {
    throw new HiloError('INVALID_JSON', `The body is not valid JSON${explain(error, text)}.`, {
      hint: 'Often a quotation mark or a line break inside a text was not escaped.',
    })
  }
}

/** Bodies are JSON and nothing else. */
export function acceptOnlyJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      const value = parseJson(body as Buffer)
      if (!request.routeOptions.config.checksItems) checkBody(value)
      done(null, value)
    } catch (error) {
      done(error as Error)
    }
  })
}
