import type { FastifyBaseLogger } from 'fastify'

type Bindings = Record<string, unknown>

/** The logger of one request. Few requests have anything to say: the real one is made when it does. */
class RequestLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Bindings
  #child: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: Bindings) {
    this.#parent = parent
    this.#bindings = bindings
  }

  get #logger(): FastifyBaseLogger {
    return (this.#child ??= this.#parent.child(this.#bindings))
  }

  get level(): string {
    return this.#parent.level
  }

  child(bindings: Bindings): FastifyBaseLogger {
    return this.#logger.child(bindings)
  }

  fatal(...line: [object, string?]): void { this.#logger.fatal(...line) }
  error(...line: [object, string?]): void { this.#logger.error(...line) }
  warn(...line: [object, string?]): void { this.#logger.warn(...line) }
  info(...line: [object, string?]): void { this.#logger.info(...line) }
  debug(...line: [object, string?]): void { this.#logger.debug(...line) }
  trace(...line: [object, string?]): void { this.#logger.trace(...line) }
  silent(): void {}
}

/** For Fastify's option `childLoggerFactory`. */
export function createRequestLogger(parent: FastifyBaseLogger, bindings: Bindings): FastifyBaseLogger {
  return new RequestLogger(parent, bindings) as FastifyBaseLogger
}
