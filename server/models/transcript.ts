import type { ModelListener, ToolCall } from './model-call.ts'
import { countTokens, type Price, type TokenCounts } from './price-usage.ts'
import { joinPieces } from './text-pieces.ts'
import { noUsage } from './usage.ts'

/** What one model has said and done until now; the listener is told of it at once. */
export class Transcript {
  text = ''
  toolCalls: ToolCall[] = []
  usage = noUsage
  /** Why the newest step ended, in the words of the AI SDK. */
  finishReason: string | undefined
  readonly #listener: ModelListener
  readonly #price: Price
  #pieces = joinPieces()
  #stepText = ''

  constructor(listener: ModelListener, price: Price) {
    this.#listener = listener
    this.#price = price
  }

  /** Text or a tool came: another model must not begin again. */
  get hasBegun(): boolean {
    return this.text !== '' || this.toolCalls.length > 0
  }

  say(piece: string): void {
    const text = this.#pieces.take(piece)
    if (text === '') return
    const apart = this.#stepText === '' && this.text !== '' && !/\s$/.test(this.text) && !/^\s/.test(text)
    const told = apart ? `\n\n${text}` : text // what was said before a tool and after it are two things
    this.text += told
    this.#stepText += told
    this.#listener.onText?.(told)
  }

  call(name: string, input: Record<string, unknown>): void {
    const call = { name, arguments: input }
    this.toolCalls.push(call)
    this.#listener.onToolCall?.(call)
  }

  endStep(counts: TokenCounts, finishReason: string): void {
    this.usage = countTokens(this.usage, counts, this.#price)
    this.finishReason = finishReason
    this.#pieces = joinPieces()
    this.#stepText = ''
  }
}
