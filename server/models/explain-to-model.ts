import type { GuardError, GuardReason } from '../guarded-client/guard-error.ts'

const reasons: Record<GuardReason, string> = {
  REFUSED: 'its address may not be called',
  TIMEOUT: 'it did not answer in time',
  FAILED: 'it could not be reached',
}

/**
 * Why nothing came from an address, as part of a sentence, for a model: what it is told can reach the customer, so it
 * says nothing of hosts, addresses and settings. The error's own message is for those who run Hilo.
 */
export function explainToModel({ reason }: GuardError): string {
  return reasons[reason]
}
