import Type from 'typebox'

/** Query string of the doors. */
export const ExplainQuery = Type.Object({
  explain: Type.Optional(Type.Boolean({ default: false, description: 'Adds `resolution`: what decided, and warnings.' })),
})

/** Headers of the doors. */
export const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(Type.String({
    description: 'Sent again with the same body within 24 hours, the request gets its first answer again.',
  })),
})
