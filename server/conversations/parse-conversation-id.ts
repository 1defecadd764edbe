import { findNearMiss } from './near-miss.ts'
import { parseId } from './parse-id.ts'
import { didYouMean, quote, refuse, type Refused } from './refusal.ts'

/** What a caller's `conversationId` names; the numbers of `chatwoot` are digits. */
export type ParsedConversationId =
  | { ok: true, kind: 'absent' }
  | { ok: true, kind: 'chatwoot', value: string, accountId: string, conversationDisplayId: string }
  | { ok: true, kind: 'free', value: string, warning?: string }

const chatwootId = /^crmchatsappai_([1-9]\d{0,17})_([1-9]\d{0,17})$/
const pattern = 'The form is crmchatsappai_{accountId}_{customerId}, such as "crmchatsappai_12_345".'

/**
 * Reads a `conversationId`. `crmchatsappai_{accountId}_{customerId}` names a Chatwoot conversation by its display id;
 * what comes near that form is refused with the correction, never taken for another conversation. Any other id is
 * free-form.
 */
export function parseConversationId(raw: unknown): ParsedConversationId | Refused {
  const exact = typeof raw === 'string' ? chatwootId.exec(raw) : null
  if (exact) return toChatwoot(exact)
  const id = parseId('conversationId', raw)
  if (!id.ok) return withCorrection(id, raw)
  const { value } = id
  if (value === undefined) return { ok: true, kind: 'absent' }
  const nearMiss = findNearMiss(value)
  if (!nearMiss) return toFreeForm(value)
  const { problem, correction } = nearMiss
  const hint = correction === undefined ? pattern : didYouMean(correction)
  return refuse(`conversationId ${quote(value)} is not a right Chatwoot id: ${problem}.`, hint)
}

function toChatwoot([value, accountId = '', conversationDisplayId = '']: RegExpExecArray): ParsedConversationId {
  return { ok: true, kind: 'chatwoot', value, accountId, conversationDisplayId }
}

function toFreeForm(value: string): ParsedConversationId {
  if (!/^\d+$/.test(value)) return { ok: true, kind: 'free', value }
  const warning = `conversationId "${value}" is a bare number: a Chatwoot number is unique only within one Chatwoot ` +
    'account. Send crmchatsappai_{accountId}_{conversationId} instead.'
  return { ok: true, kind: 'free', value, warning }
}

/** A blank or an invisible character around a good id: the hint is the good id. */
function withCorrection(refused: Refused, raw: unknown): Refused {
  const nearMiss = typeof raw === 'string' && raw.length <= 256 ? findNearMiss(raw) : undefined
  if (!nearMiss) return refused
  return { ...refused, hint: nearMiss.correction === undefined ? pattern : didYouMean(nearMiss.correction) }
}
