/**
 * Something that keeps Hilo from starting, or a command from running: a bad setting, a database that does not answer,
 * a folder in use. Its message is the whole line for the person at the terminal; no stack trace is printed.
 */
export class StartError extends Error {
  override readonly name = 'StartError'
}
