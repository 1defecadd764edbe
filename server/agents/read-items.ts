import { MessageInput } from '@hilo/contract'
import type { FastifyError, FastifyRequest } from 'fastify'
import { HiloError } from '../errors.ts'
import { explainValidation } from '../http/explain-validation.ts'
import type { NewMessage } from '../messages/new-message.ts'
import { type ReadContext, readMessage } from './read-message.ts'
import { readIdempotency } from './read-idempotency.ts'

/** Reads each message of a list for itself: a message, or what is wrong with it. */
export function readItems(
  request: FastifyRequest, items: readonly unknown[], context: ReadContext,
): (NewMessage | HiloError)[] {
  return items.map((item, index) => {
    try {
      return readMessage(checkItem(request, item, index), {
        ...context, idempotency: readIdempotency(request, { part: index, asked: item }),
      })
    } catch (error) {
      if (error instanceof HiloError) return atItem(error, index)
      throw error
    }
  })
}

function checkItem(request: FastifyRequest, item: unknown, index: number): MessageInput {
  const validate = request.getValidationFunction(MessageInput) ?? request.compileValidationSchema(MessageInput, 'body')
  if (validate(item)) return item as MessageInput
  const validation = validate.errors?.map((error) => ({
    ...error, instancePath: `/messages/${index}${error.instancePath}`,
  }))
  throw explainValidation({ validation, validationContext: 'body' } as FastifyError, request)
}

/** The same error, its field named as seen from the list. */
function atItem(error: HiloError, index: number): HiloError {
  const item = `messages[${index}]`
  const { code, message, field = '', hint, cause } = error
  const path = field.startsWith(item) ? field : field === '' ? item : `${item}.${field}`
  return new HiloError(code, message, { field: path, hint, cause })
}
