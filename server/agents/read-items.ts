import { MessageInput } from '@hilo/contract'
import type { FastifyRequest } from 'fastify'
import { HiloError } from '../errors.ts'
import { checkBody } from '../http/check-body.ts'
import { explainProblems, type ValidationProblem } from '../http/explain-validation.ts'
import type { NewMessage } from '../messages/new-message.ts'
import { type ReadContext, readMessage } from './read-message.ts'
import { readIdempotency, readIdempotencyKey } from './read-idempotency.ts'

/**
 * Reads each message of a list for itself: a message, or what is wrong with it.
 * @throws HiloError INVALID_ID if the Idempotency-Key of the whole list is none.
 */
export function readItems(
  request: FastifyRequest, items: readonly unknown[], context: ReadContext,
): (NewMessage | HiloError)[] {
  const key = readIdempotencyKey(request)
  return items.map((item, index) => {
    try {
      return readMessage(checkItem(request, item, index), {
        ...context, idempotency: readIdempotency(request, key, { part: index, asked: item }),
      })
    } catch (error) {
      if (error instanceof HiloError) return error
      throw error
    }
  })
}

function checkItem(request: FastifyRequest, item: unknown, index: number): MessageInput {
  checkBody(item, `messages[${index}]`)
  const validate = request.getValidationFunction(MessageInput) ?? request.compileValidationSchema(MessageInput, 'body')
  if (validate(item)) return item as MessageInput
  throw explainProblems(validate.errors as ValidationProblem[], `messages[${index}]`)
}
