import Type, { type Static } from 'typebox'
import { Nullable, Time } from './common.ts'

/** What a token may do: only ever read. */
export const tokenScopes = ['history:read'] as const
export type TokenScope = (typeof tokenScopes)[number]

/** Body of `POST /api/tokens`. */
export const NewTokenBody = Type.Object({
  conversationId: Type.Optional(Type.Unsafe<string | number>({
    type: ['string', 'number'],
    minLength: 1,
    description: 'The one conversation that the token may read: its id, or a `conversationId` that it was recorded with. '
      + 'Without it the token reads the whole organization: for pages of your own people only. `null` and `""` are '
      + 'refused here, so that a value that is missing by mistake opens nothing.',
  })),
  scopes: Type.Optional(Type.Array(Type.Enum([...tokenScopes]), {
    minItems: 1, uniqueItems: true, default: ['history:read'],
    description: 'What the token may do; the API key must have the scope itself.',
  })),
  expiresInSeconds: Type.Optional(Type.Integer({
    minimum: 1, maximum: 86_400, default: 900, description: 'How long it works, at most a day.',
  })),
}, { examples: [{ conversationId: 'cmi9q2x7f1s2u3w4y5a6c7e8g', expiresInSeconds: 900 }] })
export type NewTokenBody = Static<typeof NewTokenBody>

/** A token: what a web page may hold, where an API key never belongs. */
export const CreatedToken = Type.Object({
  token: Type.String({
    description: 'Send it as `Authorization: Bearer TOKEN`, or to the event stream as `?token=TOKEN`. '
      + 'It is stored nowhere.',
  }),
  expiresAt: Time('When it stops working. It also stops when the API key that made it is revoked or expires.'),
  scopes: Type.Array(Type.Enum([...tokenScopes]), { description: 'What the token may do.' }),
  conversationId: Nullable(Type.String({
    description: 'The conversation that it reads, by its own id: the page calls it by this one. `null`: all of them.',
  })),
}, {
  examples: [{
    token: 'hilo_token_eyJvIjoiY21pOXEyeDdm.3q2-7wExampleExampleExampleExampleExampleEx',
    expiresAt: '2026-03-01T12:15:00.000Z', scopes: ['history:read' as const],
    conversationId: 'cmi9q2x7f1s2u3w4y5a6c7e8g',
  }],
})
export type CreatedToken = Static<typeof CreatedToken>
