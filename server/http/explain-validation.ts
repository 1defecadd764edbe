import type { FastifyError, FastifyRequest } from 'fastify'
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { HiloError } from '../errors.ts'

/** What Ajv reports (https://ajv.js.org/api.html#error-objects) with its option `verbose`. */
export interface ValidationProblem extends FastifySchemaValidationError {
  data?: unknown
  parentSchema?: Schema
}

interface Schema {
  description?: string
  enum?: unknown[]
  type?: string | string[]
  const?: unknown
  properties?: Record<string, Schema>
  anyOf?: Schema[]
}

const typeWords: Record<string, string> = {
  string: 'text', number: 'a number', integer: 'a whole number', boolean: 'true or false', object: 'an object',
  array: 'a list', null: 'null',
}

const formatWords: Record<string, string> = {
  'date-time': 'a time in ISO 8601 with offset, such as 2026-01-31T12:00:00Z',
  uri: 'an address such as https://example.com/file.pdf',
  email: 'an e-mail address',
}

/** `/messages/3/contact~1x` as `messages[3].contact/x`. */
function toField(instancePath: string): string {
  return instancePath.split('/').slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path && `${path}.${part}` || part), '')
}

/** `null` means absent, which goes without saying. */
function describeTypes(types: readonly string[]): string {
  const named = types.length > 1 ? types.filter((type) => type !== 'null') : types
  return join(named.map((type) => typeWords[type] ?? type))
}

function join(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/** A value short enough to be shown back, else what kind of value it is. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length <= 60 ? text : 'what was sent'
}

const typesOf = (schema: Schema): string[] => [schema.type ?? []].flat()

/** What a schema of one choice of several allows, in words. */
function describeChoice(schema: Schema): string[] {
  if (schema.const !== undefined) return [String(schema.const)]
  if (schema.enum) return schema.enum.map(String)
  return typesOf(schema)
}

/** What would be right, for the keywords our schemas use; undefined for the rest. */
function describeRule({ keyword, params, parentSchema = {} }: ValidationProblem): string | undefined {
  const limit = String(params.limit)
  switch (keyword) {
    case 'type': return `must be ${describeTypes([params.type].flat().map(String))}`
    case 'enum': return `must be one of ${listEnum(params.allowedValues as unknown[])}`
    case 'const': return `must be ${show(params.allowedValue)}`
    case 'anyOf': return `must be ${describeTypes([...new Set((parentSchema.anyOf ?? []).flatMap(describeChoice))])}`
    case 'maxLength': return `must be at most ${limit} characters long`
    case 'minLength': return limit === '1' ? 'must not be empty' : `must be at least ${limit} characters long`
    case 'pattern': return params.pattern === '\\S' ? 'must not be blank' : undefined
    case 'minimum': return `must be at least ${limit}`
    case 'maximum': return `must be at most ${limit}`
    case 'minItems': return `must hold at least ${limit} ${limit === '1' ? 'entry' : 'entries'}`
    case 'maxItems': return `must hold at most ${limit} entries`
    case 'uniqueItems': return 'must not hold the same entry twice'
    case 'format': return `must be ${formatWords[String(params.format)] ?? `in the format ${params.format}`}`
  }
  return undefined
}

/** The values to choose from; `null` and `""`, which mean absent, go without saying. */
function listEnum(values: readonly unknown[]): string {
  return values.filter((value) => value !== null && value !== '').map(String).join(', ')
}

/** With length and number of entries, "it is …" would help nobody. */
const showsValue = new Set(['type', 'enum', 'const', 'anyOf', 'minimum', 'maximum', 'format', 'pattern'])

const places: Record<string, (field: string) => string> = {
  body: (field) => (field ? `"${field}"` : 'The body'),
  querystring: (field) => `"${field}" in the query string`,
  params: (field) => `"${field}" in the path`,
  headers: (field) => `The header "${field}"`,
}

/** A description as the end of a sentence. */
function tail(description: string | undefined): string {
  if (!description) return '.'
  return `: ${description.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase())}`
}

interface Place {
  /** Path of the value that was checked. */
  at: string
  place: (field: string) => string
}

function joinPath(base: string, path: string): string {
  return base && path && !path.startsWith('[') ? `${base}.${path}` : base + path
}

function explainMissing(problem: ValidationProblem, { at, place }: Place): HiloError {
  const missing = String(problem.params.missingProperty)
  const field = joinPath(at, missing)
  const { description } = problem.parentSchema?.properties?.[missing] ?? {}
  return new HiloError('INVALID_REQUEST', `${place(field)} is required${tail(description)}`, { field })
}

function explainOne(problem: ValidationProblem, { at: base, place }: Place): HiloError {
  const at = joinPath(base, toField(problem.instancePath))
  if (problem.keyword === 'required') return explainMissing(problem, { at, place })
  const rule = describeRule(problem)
  const but = showsValue.has(problem.keyword) ? `; ${show(problem.data)} is not` : ''
  const sentence = rule ? `${rule}${but}.` : `is not right${tail(problem.parentSchema?.description)}`
  return new HiloError('INVALID_REQUEST', `${place(at)} ${sentence}`, { field: at || undefined })
}

/** How far inside the value a problem lies; a missing field lies inside its object. */
function depthOf({ instancePath, keyword }: ValidationProblem): number {
  return instancePath.split('/').length + (keyword === 'required' ? 1 : 0)
}

/** Of the problems of several choices, the deepest one says most; at the same depth, the one about the choice. */
function pickProblem(problems: readonly ValidationProblem[]): ValidationProblem {
  return problems.reduce((best, one) => (depthOf(one) >= depthOf(best) ? one : best))
}

/**
 * What a schema refused, as a sentence that names the field and what is right.
 * @param at path of the value that was checked, where it is part of a larger body: `messages[3]`.
 */
export function explainProblems(problems: readonly ValidationProblem[], at = '', place = places.body!): HiloError {
  return explainOne(pickProblem(problems), { at, place })
}

/** What the schema of a route refused. */
export function explainValidation(error: FastifyError, request: FastifyRequest): HiloError {
  const context = error.validationContext ?? 'body'
  if (context === 'body' && request.body === undefined) {
    return new HiloError('INVALID_REQUEST', 'The body is missing: a JSON object is needed.', {
      hint: 'Send it with the header "Content-Type: application/json".',
    })
  }
  return explainProblems(error.validation as ValidationProblem[], '', places[context])
}
