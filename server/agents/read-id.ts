import { parseId } from '../conversations/parse-id.ts'
import type { Refused } from '../conversations/refusal.ts'
import { HiloError } from '../errors.ts'

/** A parser's refusal as the error for the caller. */
export function refuseId(field: string, { reason, hint }: Refused): HiloError {
  return new HiloError('INVALID_ID', reason, { field, hint })
}

/** @throws HiloError INVALID_ID if the parser refused. */
export function accept<Value>(field: string, parsed: { ok: true, value: Value } | Refused): Value {
  if (!parsed.ok) throw refuseId(field, parsed)
  return parsed.value
}

/** An id of the caller; undefined where there is none. */
export function readId(field: string, raw: unknown): string | undefined {
  return accept(field, parseId(field, raw))
}
