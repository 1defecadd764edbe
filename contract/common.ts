import Type, { type TProperties, type TSchema } from 'typebox'

/** An id in a request: text; a number where real clients send one; `null` and `""` mean absent. */
export const IdInput = (description: string) =>
  Type.Unsafe<string | number | null>({ type: ['string', 'number', 'null'], description })

/** Text that may also be `null`, meaning that there is none. */
export const OptionalText = (description: string, options: { maxLength?: number } = {}) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], description, ...options })

/** A boolean that may also be `null`, meaning absent. */
export const OptionalBoolean = (description: string) =>
  Type.Unsafe<boolean | null>({ type: ['boolean', 'null'], description })

/** A name that is needed. */
export const Name = (description: string) => Type.String({ minLength: 1, maxLength: 256, pattern: '\\S', description })

/** An object of the caller's own, at most 16 KiB as JSON. */
export const Metadata = (description: string) =>
  Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description })

/** A point in time in an answer. */
export const Time = (description: string) => Type.String({ format: 'date-time', description })

export const Nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

/** The body of every error. */
export const ErrorBody = Type.Object({
  error: Type.String({ description: 'What was wrong, where, and what to do: a sentence for people.' }),
  code: Type.String({ description: 'One of the error codes in the documentation; never changes its meaning.' }),
  field: Type.Optional(Type.String({ description: 'Path of the field that is wrong.' })),
  hint: Type.Optional(Type.String({ description: 'What to do about it, often the corrected value.' })),
  requestId: Type.String({ description: 'Find this request in the log by it.' }),
}, { $id: 'Error' })

/** A page of a list; its example holds the example of its items. */
export const Page = <Schema extends TSchema>(item: Schema, description: string) => Type.Object({
  items: Type.Array(item),
  nextCursor: Type.Unsafe<string | null>({
    type: ['string', 'null'], description: 'Send it as `cursor` to read on; `null` at the end.',
  }),
}, { description, ...exampleOfPage(item) })

function exampleOfPage(item: TSchema & { examples?: unknown[] }): { examples?: unknown[] } {
  return item.examples ? { examples: [{ items: item.examples.slice(0, 1), nextCursor: null }] } : {}
}

/** Query parameters of every list, with those of the list itself. */
export const PageQuery = <Properties extends TProperties>(properties: Properties) => Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 50, description: 'Most items to answer.' })),
  cursor: Type.Optional(Type.String({ maxLength: 1024, description: '`nextCursor` of the page before.' })),
  ...properties,
})
