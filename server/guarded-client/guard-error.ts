/**
 * Why an exchange with a caller's address came to nothing: `REFUSED` by our rules, `TIMEOUT`, or `FAILED` on the way
 * (no such name, nobody there, broken off, a bad certificate).
 */
export type GuardReason = 'REFUSED' | 'TIMEOUT' | 'FAILED'

/** Says in its message, for the person who gave the address, what is wrong with it and what to do. */
export class GuardError extends Error {
  override readonly name = 'GuardError'
  readonly reason: GuardReason

  constructor(reason: GuardReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
