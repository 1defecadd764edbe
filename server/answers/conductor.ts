import { createId } from '../database/create-id.ts'
import { inOrganization } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import type { ToolCall } from '../models/model-call.ts'
import { type ClaimedTurn, type ConversationAddress, messageIdsOf, toWork } from './claimed-turn.ts'
import { endInterrupted } from './end-running-turn.ts'
import type { ClaimTurn } from './gather-claims.ts'
import { readKeptIds, reopenBrokenOff } from './open-again.ts'
import { readSettled, type SettledQuestion, settleFrom } from './read-settled.ts'
import { type Breaking, type RunOptions, runTurn } from './run-turn.ts'
import type { Claim, Claimed } from './start-turns.ts'

/** Somebody who asked and waits. */
export interface Waiter {
  messageId: string
  resolve(settled: SettledQuestion): void
  reject(error: unknown): void
  /** Pieces of the answer as they come, where it began after the question. */
  onText?(piece: string): void
  onToolCall?(call: ToolCall): void
  /** What was said so far does not count. */
  onRestart?(): void
}

export interface ConductorOptions extends RunOptions {
  claimTurn: ClaimTurn
  /** A turn that another process runs is asked after at least so often. Milliseconds. */
  pollMs: number
  /** Nothing is left to do. */
  onIdle(): void
}

interface Running {
  turn: ClaimedTurn
  /** Those who hear it from its beginning. */
  listeners: Waiter[]
  controller: AbortController
}

/**
 * Sees to it that what is open in one conversation is answered: begins turns when it is time, waits where another
 * process runs one, and tells those who wait. There is one for each conversation that is busy in this process.
 */
export class Conductor {
  readonly organizationId: string
  /** Resolves when it is through. */
  readonly done: Promise<void>
  readonly #address: ConversationAddress
  readonly #options: ConductorOptions
  readonly #waiters = new Set<Waiter>()
  readonly #stopping = new AbortController()
  #isPrompted = true
  #running: Running | undefined
  /** Known before it can be in the database, and until it has ended there. */
  #turnId: string | undefined
  /** A turn that began with its question, and is to be run. */
  #begun: Claimed | undefined
  #isRung = false
  #pause: Pause | undefined

  constructor(address: ConversationAddress, options: ConductorOptions) {
    this.organizationId = address.organizationId
    this.#address = address
    this.#options = options
    this.done = Promise.resolve().then(() => this.#conduct())
  }

  /**
   * There is something to answer.
   * @param prompted a waiter wants to hear it; a turn of this process that began with the question is to be run.
   */
  prompt({ waiter, begun }: { waiter?: Waiter, begun?: Claimed } = {}): void {
    if (waiter) this.#waiters.add(waiter)
    this.#begun ??= begun
    this.#isPrompted = true
    if (begun || this.#pause?.kind === 'later') this.#pause?.end()
  }

  /** Turns that run here, or may begin at this moment. */
  get turnIds(): string[] {
    return [this.#turnId, this.#begun?.turn.id].filter((id) => id !== undefined)
  }

  /** Whether a turn runs for this waiter and for nobody else. */
  runsOnlyFor(waiter: Waiter): boolean {
    if (!this.#running) return false
    const { questions } = this.#running.turn
    const waiters = this.#findWaiters(questions)
    return waiters.length === 1 && waiters[0] === waiter && !questions.some((question) => question.request.isAsync)
  }

  /** A caller went away. A turn that nobody waits for any more is broken off. */
  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    if (this.#running && !this.#isWanted(this.#running.turn)) this.#breakOff('gone')
  }

  /** Something happened in the organization: the turn that another process ran may be over. */
  wake(): void {
    this.#isRung = true
    if (this.#pause?.kind === 'busy') this.#pause.end()
  }

  /** Begins no other turn. */
  stop(): void {
    this.#stopping.abort()
    this.#pause?.end()
  }

  /** The turn that runs took too long for the end of the process. */
  interrupt(): void {
    this.#breakOff('stopping')
  }

  #breakOff(reason: Breaking): void {
    this.#running?.controller.abort(reason)
  }

  #isWanted({ questions }: ClaimedTurn): boolean {
    return questions.some((question) => question.request.isAsync) || this.#findWaiters(questions).length > 0
  }

  #findWaiters(questions: ClaimedTurn['questions']): Waiter[] {
    const asked = new Set(questions.map((question) => question.message_id))
    return [...this.#waiters].filter((waiter) => asked.has(waiter.messageId))
  }

  async #conduct(): Promise<void> {
    try {
      while (this.#isPrompted || this.#waiters.size > 0) await this.#step()
    } catch (error) {
      for (const waiter of this.#waiters) waiter.reject(error)
      this.#options.onError(error)
    } finally {
      this.#options.onIdle() // in the same turn of the event loop as the last look at who waits
    }
  }

  async #step(): Promise<void> {
    if (this.#stopping.signal.aborted) await this.#giveUp()
    this.#isPrompted = false
    this.#isRung = false
    const waiting = [...this.#waiters]
    const claim = await this.#claim(waiting)
    await this.#tellSettled(withoutAsked(waiting, claim))
    if (claim.kind === 'claimed') {
      this.#isPrompted ||= claim.isMoreOpen
      await this.#run(claim.turn)
      this.#turnId = undefined
      return
    }
    this.#turnId = undefined
    if (claim.kind === 'later') return this.#wait('later', claim.at.getTime() - Date.now())
    if (claim.kind === 'busy') await this.#wait('busy', this.#options.pollMs)
    else await this.#rejectUnknown(waiting)
  }

  /** The server stops. A turn that has not been run is left to whoever comes. */
  async #giveUp(): Promise<never> {
    if (this.#begun) await endInterrupted(this.#options.db, toWork(this.#begun.turn))
    throw new HiloError('UNAVAILABLE', 'This server stops. Send the request again, with the same Idempotency-Key or '
      + 'externalId.')
  }

  async #claim(waiting: readonly Waiter[]): Promise<Claim> {
    const begun = this.#begun
    if (begun) {
      this.#turnId = begun.turn.id
      this.#begun = undefined
      return begun
    }
    const turnId = this.#turnId = createId()
    const awaitedIds = waiting.map((waiter) => waiter.messageId)
    return this.#options.claimTurn({ ...this.#address, turnId, awaitedIds })
  }

  async #run(turn: ClaimedTurn): Promise<void> {
    const running: Running = { turn, listeners: this.#findWaiters(turn.questions), controller: new AbortController() }
    this.#running = running
    if (!this.#isWanted(turn)) this.#breakOff('gone')
    const end = await runTurn(this.#options, turn, {
      get signal() {
        return running.controller.signal
      },
      onText: (piece) => running.listeners.forEach((waiter) => waiter.onText?.(piece)),
      onToolCall: (call) => running.listeners.forEach((waiter) => waiter.onToolCall?.(call)),
      onRestart: (again) => this.#restart(running, again),
    })
    this.#running = undefined
    if (end) await this.#tell(this.#findWaiters(running.turn.questions), () => settleFrom(end))
    else await this.#tellSettled([...this.#waiters])
  }

  /** Whoever went away while the turn began again does not break off what others wait for by now. */
  #restart(running: Running, again: ClaimedTurn): void {
    running.turn = again
    running.listeners = this.#findWaiters(again.questions)
    if (running.controller.signal.reason === 'gone' && this.#isWanted(again)) running.controller = new AbortController()
    running.listeners.forEach((waiter) => waiter.onRestart?.())
  }

  async #tell(
    waiters: readonly Waiter[], find: (waiter: Waiter) => SettledQuestion | undefined,
  ): Promise<void> {
    const brokenOff: Waiter[] = []
    for (const waiter of waiters) {
      const settled = find(waiter)
      if (!settled || !this.#waiters.has(waiter)) continue
      if (this.#isForOthers(settled)) brokenOff.push(waiter)
      else if (this.#waiters.delete(waiter)) waiter.resolve(settled)
    }
    await this.#askAgain(brokenOff)
  }

  /** Broken off because of other callers, or of another process: whoever waits here wants an answer yet. */
  #isForOthers({ outcome }: SettledQuestion): boolean {
    return (outcome === 'aborted' || outcome === 'interrupted') && !this.#stopping.signal.aborted
  }

  async #askAgain(waiters: readonly Waiter[]): Promise<void> {
    if (waiters.length === 0) return
    const { organizationId } = this
    const messageIds = waiters.map((waiter) => waiter.messageId)
    await inOrganization(this.#options.db, organizationId, (tx) => reopenBrokenOff(tx, organizationId, messageIds))
    for (const waiter of waiters) waiter.onRestart?.()
  }

  async #tellSettled(waiters: readonly Waiter[]): Promise<void> {
    if (waiters.length === 0) return
    const messageIds = waiters.map((waiter) => waiter.messageId)
    const settled = await inOrganization(this.#options.db, this.organizationId, (tx) => (
      readSettled(tx, this.organizationId, messageIds)
    ))
    await this.#tell(waiters, (waiter) => settled.get(waiter.messageId))
  }

  /** Nothing is open, and yet they wait: their questions were open for too long, or are gone. Nobody waits for ever. */
  async #rejectUnknown(waiters: readonly Waiter[]): Promise<void> {
    const messageIds = waiters.filter((waiter) => this.#waiters.has(waiter)).map((waiter) => waiter.messageId)
    if (messageIds.length === 0) return
    const kept = await inOrganization(this.#options.db, this.organizationId, (tx) => (
      readKeptIds(tx, this.organizationId, messageIds)
    ))
    for (const waiter of waiters) {
      if (kept.has(waiter.messageId) || !this.#waiters.delete(waiter)) continue
      waiter.reject(new HiloError('UNAVAILABLE', 'The question waited too long for an answer. Send the request again.'))
    }
  }

  /** Until then, or until something happens that may be what it waits for. */
  async #wait(kind: Pause['kind'], ms: number): Promise<void> {
    const hasHappened = this.#begun !== undefined || (kind === 'later' ? this.#isPrompted : this.#isRung)
    if (hasHappened || this.#stopping.signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Math.max(ms, 0))
    this.#pause = { kind, end: resolve }
    await promise
    clearTimeout(timer)
    this.#pause = undefined
  }
}

/** Those who do not wait for the turn that begins: another process may have answered them meanwhile. */
function withoutAsked(waiters: readonly Waiter[], claim: Claim): Waiter[] {
  const asked = new Set(claim.kind === 'claimed' ? messageIdsOf(claim.turn) : [])
  return waiters.filter((waiter) => !asked.has(waiter.messageId))
}

interface Pause {
  /** `later`: the customer may write on, which whoever prompts may say; `busy`: until another process rings. */
  kind: 'later' | 'busy'
  end(): void
}
