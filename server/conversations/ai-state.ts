import type { AiOffCause } from '@hilo/contract'

/** Whether the AI answers in a conversation; column names as in the table `conversations`. */
export interface AiState {
  is_ai_enabled: boolean
  ai_off_cause: AiOffCause | null
  ai_off_reason: string | null
  ai_resumes_at: Date | null
}

export const aiOn: AiState = { is_ai_enabled: true, ai_off_cause: null, ai_off_reason: null, ai_resumes_at: null }

/** Off, until `resumesAt` or, without it, until somebody switches it on or hands the conversation back. */
export function aiOff(cause: AiOffCause, { reason, resumesAt }: { reason?: string, resumesAt?: Date } = {}): AiState {
  return {
    is_ai_enabled: false, ai_off_cause: cause, ai_off_reason: reason ?? null, ai_resumes_at: resumesAt ?? null,
  }
}

/** A pause that is over needs nobody to end it. */
export function isAiOn({ is_ai_enabled, ai_resumes_at }: AiState, now = new Date()): boolean {
  return is_ai_enabled || (ai_resumes_at !== null && ai_resumes_at <= now)
}
