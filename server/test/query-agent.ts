import assert from 'node:assert/strict'
import type { Answer, Hilo, RequestOptions } from './start-hilo.ts'

/** A body of query-agent; a text is made up where there is none. */
export type Said = Record<string, unknown>

interface Options extends Omit<RequestOptions, 'body'> {
  agentId?: string
  /** Appended to the path, such as `?explain=true`. */
  query?: string
}

const post = (door: string) => (
  hilo: Hilo, said: Said, { agentId = hilo.agentId, query = '', ...options }: Options = {},
): Promise<Answer> => (
  hilo.request('POST', `/api/agents/${encodeURIComponent(agentId)}/${door}${query}`, {
    body: { query: 'Hola', ...said }, ...options,
  })
)

/** Asks query-agent. */
export const queryAgent = post('query-agent')

/** Asks for the dry run. */
export const askResolve = post('resolve')

/** Records a message; the test fails if it is refused. */
export async function record(hilo: Hilo, said: Said, options?: Options): Promise<Answer['body']> {
  const { status, body } = await queryAgent(hilo, said, options)
  assert.equal(status, 200, JSON.stringify(body))
  return body
}

/** Records a message and gives its resolution; the test fails if it is refused. */
export async function recordAndExplain(hilo: Hilo, said: Said, options?: Options): Promise<Answer['body']> {
  return (await record(hilo, said, { ...options, query: '?explain=true' })).resolution
}

/** The dry run of a message; the test fails if it is refused. */
export async function resolve(hilo: Hilo, said: Said, options?: Options): Promise<Answer['body']> {
  const { status, body } = await askResolve(hilo, said, options)
  assert.equal(status, 200, JSON.stringify(body))
  return body.resolution
}

/** Every error has the same shape, and finds its line in the log by its request id. */
export function assertRefused({ status, headers, body }: Answer, expected: {
  status: number
  code: string
  field?: string
  /** In the sentence or the hint. */
  says?: string | RegExp
}, what = ''): void {
  const shown = `${what} ${JSON.stringify(body)}`
  assert.equal(status, expected.status, shown)
  const unknown = Object.keys(body).filter((key) => !['error', 'code', 'field', 'hint', 'requestId'].includes(key))
  assert.deepEqual(unknown, [], shown)
  assert.match(body.error, /^\S.{10,}\.$/s, shown)
  assert.equal(body.code, expected.code, shown)
  assert.equal(body.requestId, headers.get('x-request-id'), shown)
  if ('field' in expected) assert.equal(body.field, expected.field, shown)
  if (body.hint !== undefined) assert.match(body.hint, /\S/, shown)
  const { says } = expected
  const text = `${body.error} ${body.hint ?? ''}`
  if (says !== undefined) assert.ok(typeof says === 'string' ? text.includes(says) : says.test(text), shown)
}
