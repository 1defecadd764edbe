import { HiloError } from '../errors.ts'

/** Objects and lists inside one another. */
const maxDepth = 32

interface Level {
  value: object
  /** Undefined for a list. */
  keys: string[] | undefined
  next: number
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function open(value: object): Level {
  return { value, keys: Array.isArray(value) ? undefined : Object.keys(value), next: 0 }
}

/** `messages[3].contact.email` of where the walk stands. */
function describePath(levels: readonly Level[]): string {
  return levels.reduce((path, { keys, next }) => {
    const key = keys?.[next - 1]
    if (key === undefined) return `${path}[${next - 1}]`
    return path === '' ? key : `${path}.${key}`
  }, '')
}

function refuse(levels: readonly Level[], problem: string): never {
  const field = describePath(levels).slice(0, 300).toWellFormed().replaceAll('\0', '\uFFFD')
  throw new HiloError('INVALID_REQUEST', `${field === '' ? 'The body' : `"${field}"`} ${problem}`, {
    field: field || undefined,
  })
}

function checkText(text: string, levels: readonly Level[], what: string): void {
  if (!text.isWellFormed()) refuse(levels, `${what} half of a character (a lone surrogate); it was cut in the middle.`)
  if (text.includes('\0')) refuse(levels, `${what} a NUL character (\\u0000), which cannot be stored. Take it out.`)
}

function checkKey(key: string, levels: readonly Level[]): void {
  checkText(key, levels, 'has a name that holds')
  if (key === '__proto__') refuse(levels, 'is not allowed as a name.')
  if (key === 'prototype' && levels.at(-2)?.keys?.[levels.at(-2)!.next - 1] === 'constructor') {
    refuse(levels, 'is not allowed as a name.')
  }
}

function checkScalar(value: unknown, levels: readonly Level[]): void {
  if (typeof value === 'string') checkText(value, levels, 'holds')
  else if (typeof value === 'number' && !Number.isFinite(value)) refuse(levels, 'is a number too large to be read.')
}

/**
 * Walks a parsed JSON value once, without recursion, and refuses what could not be stored or would mean trouble later:
 * NUL characters, lone surrogates, numbers that overflow, prototype keys, nesting deeper than 32.
 * @throws HiloError INVALID_REQUEST naming the path.
 */
export function checkBody(body: unknown): void {
  checkScalar(body, [])
  if (!isObject(body)) return
  const levels = [open(body)]
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    if (level.next === (level.keys ?? level.value as unknown[]).length) {
      levels.pop()
      continue
    }
    const key = level.keys?.[level.next] ?? level.next
    level.next++
    if (level.keys) checkKey(key as string, levels)
    const value: unknown = level.value[key as keyof object]
    if (!isObject(value)) checkScalar(value, levels)
    else if (levels.length === maxDepth) refuse(levels, `is nested deeper than ${maxDepth} levels.`)
    else levels.push(open(value))
  }
}
