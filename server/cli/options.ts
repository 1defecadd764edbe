import { type EventType, eventTypes } from '@hilo/contract'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { settings } from '../config.ts'
import { isWithinYears, lastYear } from '../organizations/key-expiry.ts'
import { type Scope, scopes } from '../organizations/scopes.ts'

/** `--json`, which every command has that answers something. */
export function withJson(command: Command, how = 'and nothing else'): Command {
  return command.option('--json', `print JSON, ${how}, on standard output`)
}

/** `--organization`, for everything that belongs to one. */
export function withOrganization(command: Command): Command {
  return command.option('--organization <id>', 'organization; may be left out where there is only one')
}

/** The same organization for the next command, where it has to be named. */
export function again({ organization }: { organization?: string }): string {
  return organization === undefined ? '' : `--organization ${organization} `
}

/** Turns a parser that throws into one whose error commander shows beside the option. */
function reading<Value>(parse: (text: string) => Value): (text: string) => Value {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw new InvalidArgumentError(`It ${(error as Error).message}.`)
    }
  }
}

/** An id to create something with, by the rule for the ids of the first start. */
export const readNewId = reading((text) => settings.bootstrapOrganizationId.parse(text)!)

export const readCountry = reading((text) => settings.bootstrapDefaultCountry.parse(text)!)

export const readName = reading((text) => {
  const name = text.trim()
  if (name === '') throw new Error('must not be empty')
  if (name.length > 256) throw new Error('must be at most 256 characters long')
  return name
})

export const readScopes = reading((text): Scope[] => readList(text, scopes, 'scopes'))

/** Some of the words there are, separated by commas, each once. */
function readList<Word extends string>(text: string, words: readonly Word[], what: string): Word[] {
  const wanted = text.split(',').map((word) => word.trim()).filter(Boolean)
  const isWord = (word: string): word is Word => words.some((one) => one === word)
  if (wanted.length === 0 || !wanted.every(isWord)) {
    throw new Error(`must be ${what} separated by commas, of ${words.join(', ')}`)
  }
  return [...new Set(wanted)]
}

const dayMs = 24 * 60 * 60 * 1000
const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/

/** When a key expires: `90d` (days from now), a day (it begins in UTC), or ISO 8601 with offset. */
export const readExpiry = reading((text): Date => {
  const days = /^([1-9]\d*)d$/.exec(text)?.[1]
  const date = days === undefined ? parseTime(text) : new Date(Date.now() + Number(days) * dayMs)
  if (!date) {
    throw new Error('must be days from now such as 90d, a day such as 2030-01-31, or a time such as 2030-01-31T12:00:00Z')
  }
  if (date.getTime() <= Date.now()) throw new Error('must lie in the future')
  if (!isWithinYears(date)) throw new Error(`is too far ahead: the last year is ${lastYear}`)
  return date
})

/** A point in time: ISO 8601 with offset, or a day (it begins in UTC). Answers it as ISO 8601. */
export const readTime = reading((text): string => {
  const date = parseTime(text)
  if (!date) {
    throw new Error('must be a day such as 2030-01-31, or a time such as 2030-01-31T12:00:00Z')
  }
  return date.toISOString()
})

/** A day (it begins in UTC) or a time with offset, as ISO 8601 writes them; undefined for anything else. */
function parseTime(text: string): Date | undefined {
  const date = new Date(time.test(text) ? text : Number.NaN)
  return Number.isNaN(date.getTime()) || !isInCalendar(text.slice(0, 10)) ? undefined : date
}

/** JavaScript takes 30 February for 2 March. */
function isInCalendar(day: string): boolean {
  return new Date(day).toISOString().startsWith(day)
}

/** A place in the log of events. */
export const readSeq = reading((text): number => {
  const seq = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(seq)) throw new Error('must be the number of an event, such as 1042, or 0')
  return seq
})

export const readEventTypes = reading((text): EventType[] => readList(text, eventTypes, 'types of events'))

/** `--name`, which nothing can be created without. Asked for after wrong options are told: it may be one of those. */
export function withName(command: Command, what: string): Command {
  const option = new Option('--name <name>', `name of the ${what} (required)`).argParser(readName)
  return command.addOption(option).hook('preAction', (self) => {
    if (self.opts().name === undefined) self.error("error: required option '--name <name>' not specified")
  })
}
