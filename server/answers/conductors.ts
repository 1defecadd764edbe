import { keyOf } from '../database/key-of.ts'
import type { ConversationAddress } from './claimed-turn.ts'
import { Conductor, type ConductorOptions } from './conductor.ts'

/** The conductors of the conversations that are busy in this process. */
export interface Conductors {
  /** The one for a conversation; it begins at once. */
  of(address: ConversationAddress): Conductor
  /** The turns that run here, or may begin at this moment. */
  listTurnIds(): string[]
  /** Something happened in these organizations. */
  wake(organizationIds: readonly string[]): void
  /** Begins nothing more. Waits for what runs, and breaks it off after so many milliseconds. */
  stop(patienceMs: number): Promise<void>
}

export function createConductors(options: Omit<ConductorOptions, 'onIdle'>): Conductors {
  const busy = new Map<string, Conductor>()
  return {
    of(address) {
      const key = keyOf(address.organizationId, address.conversationId)
      const found = busy.get(key)
      if (found) return found
      const created = new Conductor(address, { ...options, onIdle: () => void busy.delete(key) })
      busy.set(key, created)
      return created
    },
    listTurnIds: () => [...busy.values()].flatMap(({ turnIds }) => turnIds),
    wake(organizationIds) {
      const rang = new Set(organizationIds)
      for (const conductor of busy.values()) if (rang.has(conductor.organizationId)) conductor.wake()
    },
    async stop(patienceMs) {
      const all = [...busy.values()]
      for (const conductor of all) conductor.stop()
      const patience = setTimeout(() => all.forEach((conductor) => conductor.interrupt()), patienceMs)
      await Promise.all(all.map((conductor) => conductor.done))
      clearTimeout(patience)
    },
  }
}
