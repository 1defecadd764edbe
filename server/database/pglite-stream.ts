import { Duplex } from 'node:stream'
import type { PGlite } from '@electric-sql/pglite'

type Done = (error?: Error) => void

/**
 * The embedded database as `pg` sees it: a socket with PostgreSQL's protocol behind it. So the same client speaks with
 * both databases, prepares statements and sends several at once; PGlite's own `query` parses and plans a statement each
 * time anew, which takes longer than to run it.
 *
 * PGlite has a single session: whoever connects gets it as new.
 */
export class PgliteStream extends Duplex {
  readonly #pglite: PGlite

  constructor(pglite: PGlite) {
    super()
    this.#pglite = pglite
  }

  connect(): void {
    this.#resetSession().then(() => this.emit('connect'), (error: Error) => this.destroy(error))
  }

  async #resetSession(): Promise<void> {
    await this.#pglite.exec('rollback') // without a transaction it does nothing
    await this.#pglite.exec('discard all')
  }

  // What `pg` asks of a socket and makes no difference here.
  setNoDelay(): void {}
  setKeepAlive(): void {}
  ref(): void {}
  unref(): void {}

  override _read(): void {}

  override _write(message: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(message, done)
  }

  override _writev(messages: { chunk: Buffer }[], done: Done): void {
    this.#send(Buffer.concat(messages.map(({ chunk }) => chunk)), done)
  }

  override _final(done: Done): void {
    this.push(null)
    done()
  }

  /** A moment later: PGlite answers at once, and `pg` knows only then what it has sent. */
  #send(message: Buffer, done: Done): void {
    queueMicrotask(() => {
      const onRawData = (answer: Uint8Array) => void this.push(Buffer.from(answer)) // PGlite uses its memory again
      this.#pglite.execProtocolRawStream(message, { onRawData }).then(() => done(), done)
    })
  }
}
