import { HiloError } from '../errors.ts'

/** Objects and lists inside one another. */
const maxDepth = 32

interface Level {
  value: object
  /** Undefined for a list. */
  keys: string[] | undefined
  next: number
}

/** Where a check stands. */
interface Walk {
  /** Path of the value that is checked. */
  at: string
  levels: readonly Level[]
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function open(value: object): Level {
  return { value, keys: Array.isArray(value) ? undefined : Object.keys(value), next: 0 }
}

/** `messages[3].contact.email` of where the walk stands. */
function describePath({ at, levels }: Walk): string {
  return levels.reduce((path, { keys, next }) => {
    const key = keys?.[next - 1]
    if (key === undefined) return `${path}[${next - 1}]`
    return path === '' ? key : `${path}.${key}`
  }, at)
}

function refuse(walk: Walk, problem: string): never {
  const field = describePath(walk).slice(0, 300).toWellFormed().replaceAll('\0', '\uFFFD')
  throw new HiloError('INVALID_REQUEST', `${field === '' ? 'The body' : `"${field}"`} ${problem}`, {
    field: field || undefined,
  })
}

function checkText(text: string, walk: Walk, what: string): void {
  if (!text.isWellFormed()) refuse(walk, `${what} half of a character (a lone surrogate); it was cut in the middle.`)
  if (text.includes('\0')) refuse(walk, `${what} a NUL character (\\u0000), which cannot be stored. Take it out.`)
}

function checkKey(key: string, walk: Walk): void {
  checkText(key, walk, 'has a name that holds')
  if (key === '__proto__') refuse(walk, 'is not allowed as a name.')
  const outer = walk.levels.at(-2)
  if (key === 'prototype' && outer?.keys?.[outer.next - 1] === 'constructor') refuse(walk, 'is not allowed as a name.')
}

function checkScalar(value: unknown, walk: Walk): void {
  if (typeof value === 'string') checkText(value, walk, 'holds')
  else if (typeof value === 'number' && !Number.isFinite(value)) refuse(walk, 'is a number too large to be read.')
}

/**
 * Walks a parsed JSON value once, without recursion, and refuses what could not be stored or would mean trouble later:
 * NUL characters, lone surrogates, numbers that overflow, prototype keys, nesting deeper than 32.
 * @param at path of the value, where it is part of a larger body: `messages[3]`.
 * @throws HiloError INVALID_REQUEST naming the path.
 */
export function checkBody(body: unknown, at = ''): void {
  const levels: Level[] = []
  const walk = { at, levels }
  checkScalar(body, walk)
  if (isObject(body)) levels.push(open(body))
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    if (level.next === (level.keys ?? level.value as unknown[]).length) {
      levels.pop()
      continue
    }
    const key = level.keys?.[level.next] ?? level.next
    level.next++
    if (level.keys) checkKey(key as string, walk)
    const value: unknown = level.value[key as keyof object]
    if (!isObject(value)) checkScalar(value, walk)
    else if (levels.length === maxDepth) refuse(walk, `is nested deeper than ${maxDepth} levels.`)
    else levels.push(open(value))
  }
}
