import { ErrorBody } from '@hilo/contract'
import { type ErrorCode, errorCodes } from '../errors.ts'

type StatusOf<Code extends ErrorCode> = (typeof errorCodes)[Code]['status']
export type ErrorResponses<Code extends ErrorCode> = { [One in Code as StatusOf<One>]: typeof ErrorBody }

/** Key in a response schema under which the codes of that status stand, for the OpenAPI document. */
export const errorCodesKey = 'x-error-codes'

/**
 * The `response` part of a route for the errors that are its own, by status. Those that any route can meet (no key,
 * wrong scope, too many requests, broken JSON, too large, database away) `openapi.ts` adds to the document.
 * @example response: { 200: Conversation, ...errorResponses('INVALID_REQUEST', 'NOT_FOUND') }
 */
export function errorResponses<Code extends ErrorCode>(...codes: Code[]): ErrorResponses<Code> {
  const byStatus = Object.groupBy(codes, (code) => String(errorCodes[code].status))
  const responses: object = Object.fromEntries(Object.entries(byStatus).map(([status, codesOfStatus]) => [
    status, { ...ErrorBody, [errorCodesKey]: codesOfStatus },
  ]))
  return responses as ErrorResponses<Code>
}
