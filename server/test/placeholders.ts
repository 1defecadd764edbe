import assert from 'node:assert/strict'
import type { Hilo } from './start-hilo.ts'

/** What is different each time: a document shows one, a server makes another. */
const kinds = [
  ['id', /(?<![0-9a-z])c[0-9a-z]{24}(?![0-9a-z])/],
  ['key', /hilo_[0-9A-Za-z]{40}/],
  ['address', /http:\/\/127\.0\.0\.1:\d+/],
  ['time', /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/],
  ['cursor', /(?<=")Wy[\w-]{20,}(?=")/],
  ['folder', /\/\S+(?= \(embedded database\))/],
] as const

const anyKind = new RegExp(kinds.map(([name, pattern]) => `(?<${name}>${pattern.source})`).join('|'), 'g')

/** Times and cursors are different each time they are made, also from the same message: nothing refers to them. */
const passing = new Set(['time', 'cursor'])

interface Found {
  kind: string
  text: string
}

function find(text: string): Found[] {
  return [...text.matchAll(anyKind)].map(({ 0: text, groups }) => (
    { text, kind: Object.keys(groups!).find((kind) => groups![kind] !== undefined)! }
  ))
}

function blank(text: string): string {
  const found = find(text).values()
  return text.replace(anyKind, () => `<${found.next().value!.kind}>`)
}

/** Learns which real id, key or address stands for each one that a document shows. */
export class Placeholders {
  #real = new Map<string, string>()

  /** Asserts that a server said what the document shows, but for what is different each time; and learns that. */
  compare(shown: string, real: string, where: string): void {
    assert.equal(blank(real), blank(shown), where)
    const realOnes = find(real)
    for (const [index, { kind, text }] of find(shown).entries()) {
      if (!passing.has(kind)) this.#learn(text, realOnes[index]!.text, where)
    }
  }

  #learn(shown: string, real: string, where: string): void {
    assert.equal(this.#real.get(shown) ?? real, real, `${where} shows ${shown} for two different things`)
    const other = [...this.#real].find(([key, value]) => value === real && key !== shown)?.[0]
    assert.equal(other, undefined, `${where} shows ${shown} where it showed ${other} before`)
    this.#real.set(shown, real)
  }

  /** What the document tells to type, with the real ids, keys and addresses. */
  fill(text: string): string {
    return text.replace(anyKind, (shown) => this.#real.get(shown) ?? shown)
  }

  /** Forgets all but that the address of the documents is this one's. */
  restart(url: string): void {
    this.#real = new Map([['http://127.0.0.1:3000', url]])
  }

  /** A server that is not started by the document, and the model behind the address of Ollama. */
  know({ url, agentId, key }: Pick<Hilo, 'url' | 'agentId' | 'key'>, modelUrl: string): void {
    this.restart(url)
    this.#real.set('cmws1tdflz5jieqgt5dogakq1', agentId)
    this.#real.set('hilo_7fQ2mVx9KcT4bR8sYw1LpN6hZd3GjA5uEoXk0BvC', key)
    this.#real.set('http://127.0.0.1:11434', new URL(modelUrl).origin)
  }
}
