import type { Caller } from './scopes.ts'

/** How long a key that was found is trusted without asking the database again. */
const foundMs = 5_000
/** How long a key that was not found is refused without asking again. */
const missedMs = 1_000
const maxEntries = 10_000

/** What the database says of a key that is not revoked. */
export interface FoundKey {
  caller: Caller
  /** Unix time, milliseconds. */
  expiresAt: number
}

interface Entry {
  found: FoundKey | undefined
  freshUntil: number
}

export interface KeyCache {
  /** What was asked a moment ago, without a query; `null`: no such key; undefined: ask. */
  remembered(name: string): Caller | null | undefined
  /** Asks by `read`; whoever asks for the same name meanwhile shares the question. `null`: unknown or expired. */
  find(name: string, read: () => Promise<FoundKey | undefined>): Promise<Caller | null>
  forget(name: string): void
  forgetAll(): void
}

/**
 * What the database said of keys, by name, kept in this process for 5 seconds (1 second for an unknown key, at most
 * 10,000 keys), so that a busy caller costs no query.
 */
export function createKeyCache(now: () => number): KeyCache {
  const entries = new Map<string, Entry>()
  const pending = new Map<string, Promise<Caller | null>>()

  const answer = (entry: Entry) => (entry.found && entry.found.expiresAt > now() ? entry.found.caller : null)

  const remember = (name: string, found: FoundKey | undefined) => {
    if (entries.size >= maxEntries) entries.delete(entries.keys().next().value!)
    const entry = { found, freshUntil: now() + (found ? foundMs : missedMs) }
    entries.delete(name) // so that the oldest entry stays the first
    entries.set(name, entry)
    return entry
  }

  return {
    remembered(name) {
      const entry = entries.get(name)
      return entry && entry.freshUntil > now() ? answer(entry) : undefined
    },
    find(name, read) {
      const asked = pending.get(name)
      if (asked) return asked
      const question: Promise<Caller | null> = read().then((found) => {
        // Forgotten meanwhile: what was read may be older than the change.
        const isCurrent: boolean = pending.get(name) === question
        return answer(isCurrent ? remember(name, found) : { found, freshUntil: 0 })
      }).finally(() => {
        if (pending.get(name) === question) pending.delete(name)
      })
      pending.set(name, question)
      return question
    },
    forget(name) {
      entries.delete(name)
      pending.delete(name)
    },
    forgetAll() {
      entries.clear()
      pending.clear()
    },
  }
}
