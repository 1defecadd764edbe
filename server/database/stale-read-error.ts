/** What a transaction read is no longer true: roll it back and run it again. Never leaves the server. */
export class StaleReadError extends Error {
  override readonly name = 'StaleReadError'
}
