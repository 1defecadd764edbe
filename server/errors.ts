/**
 * Every error code that a caller can meet, with its HTTP status and one sentence of meaning. The docs and the
 * OpenAPI document are made from this table.
 */
export const errorCodes = {
  INVALID_JSON: { status: 400, meaning: 'The body is not valid JSON.' },
  INVALID_REQUEST: { status: 400, meaning: 'A field is missing, has the wrong type, or is out of range.' },
  INVALID_ID: { status: 400, meaning: 'An id or phone number is malformed; the hint gives the likely correction.' },
  UNAUTHORIZED: { status: 401, meaning: 'The API key or token is missing, unknown, expired or revoked.' },
  USAGE_LIMIT: { status: 402, meaning: 'The agent has spent its dailySpendLimit; the customer\'s message is kept.' },
  FORBIDDEN: { status: 403, meaning: 'The API key or token lacks the scope of this call, or the token reads another conversation.' },
  NOT_FOUND: { status: 404, meaning: 'No such thing in the organization of the API key.' },
  ROUTE_NOT_FOUND: { status: 404, meaning: 'No such path, or not with this method.' },
  CONVERSATION_MISMATCH: { status: 409, meaning: 'The ids of one message name different conversations or customers.' },
  ALREADY_EXISTS: { status: 409, meaning: 'Something with this id or this identity exists already.' },
  TURN_IN_PROGRESS: { status: 409, meaning: 'The first call with this externalId or Idempotency-Key still runs.' },
  MERGE_CONFLICT: { status: 409, meaning: 'The contacts cannot be merged or unmerged in their present state.' },
  APPROVAL_DECIDED: { status: 409, meaning: 'The approval is not pending: somebody approved or rejected it.' },
  EVENTS_REMOVED: { status: 410, meaning: 'Events after the given number are not kept any more; the hint says where to go on.' },
  PAYLOAD_TOO_LARGE: { status: 413, meaning: 'The body is larger than the limit of this path.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, meaning: 'The body must be sent as application/json.' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, meaning: 'The Idempotency-Key was used before with another request.' },
  MODEL_NOT_CONFIGURED: {
    status: 422,
    meaning: 'The agent\'s model, or a tool of it, is not set so that it can be called; the customer\'s message is kept.',
  },
  RATE_LIMITED: { status: 429, meaning: 'Too many requests with this API key; see the Retry-After header.' },
  INTERNAL: { status: 500, meaning: 'A fault of Hilo itself; the log holds the details under the request id.' },
  MODEL_UNAVAILABLE: { status: 502, meaning: 'The model failed; the sentence says why. The customer\'s message is kept.' },
  UNAVAILABLE: { status: 503, meaning: 'The database is away or busy. Try again, with the same externalId or Idempotency-Key.' },
} as const

export type ErrorCode = keyof typeof errorCodes

/** What an error can carry besides its code and its sentence. */
export interface ErrorDetails {
  /** Path of the field that is wrong, as the caller wrote it: `contact.phoneNumber`, `messages[3].query`. */
  field?: string
  /** What to do about it, often the corrected value. */
  hint?: string
  cause?: unknown
}

/** An error meant for the caller: thrown where it is known, turned into an answer in one place (`error-handler.ts`). */
export class HiloError extends Error {
  readonly code: ErrorCode
  readonly field?: string
  readonly hint?: string

  constructor(code: ErrorCode, message: string, { field, hint, cause }: ErrorDetails = {}) {
    super(message, { cause })
    this.name = 'HiloError'
    this.code = code
    this.field = field
    this.hint = hint
  }

  get status(): number {
    return errorCodes[this.code].status
  }
}
