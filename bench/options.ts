import { parseArgs } from 'node:util'
import { answerHelp, type AnswerOptions, answerOptions, readAnswerOptions } from './answers/answer-options.ts'
import { eventHelp, type EventOptions, eventOptions, readEventOptions } from './events/event-options.ts'
import { toChoice, toCount } from './option-values.ts'

/** What is measured, in the order of the table. */
export const caseNames = ['a', 'b', 'c', 'd', 'e'] as const
export type CaseName = (typeof caseNames)[number]
/** Those with a Hilo whose events can be listened to. */
const hiloCases = ['c', 'e'] as const satisfies readonly CaseName[]

export interface Options {
  /** Length of each measurement, after the warm-up. */
  seconds: number
  connections: number
  conversations: number
  organizations: number
  only: readonly CaseName[]
  /** Messages to fill in before measuring again; undefined: the table of cases is asked for. */
  rows: number | undefined
  /** The stream of events, webhooks and their price are asked for instead. */
  events: EventOptions | undefined
  /** What an answer of the AI takes beside the bare model is asked for instead. */
  answers: AnswerOptions | undefined
  json: boolean
  /** Run the servers of c and e with a CPU profile. */
  profile: boolean
}

export const warmUpSeconds = 3

export const help = `npm run bench -- [options]

Measures Hilo beside a bare HTTP server and beside one transaction per message, all in one run (docs/performance.md).

  --seconds N         length of each measurement, after ${warmUpSeconds} s of warm-up (10)
  --connections N     connections, and clients of b and d (50)
  --conversations N   conversations that the messages go to (1000)
  --organizations N   organizations that the conversations are spread over (50)
  --only LIST         only these cases: ${caseNames.join(',')}
  --rows N            instead of the cases: c and reading, with N messages in the database and with few, in turn
  --events            instead of the cases: the stream of events, webhooks, and what both cost
  --answers           instead of the cases: what an answer of the AI takes beside the bare call of its model
  --profile           write CPU profiles of the Hilo of c and e, or of that of --events or --answers
  --json              print the result as JSON

${eventHelp}
${answerHelp}`

/** Reads the command line. @throws Error that says what is wrong. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '10' },
      connections: { type: 'string', default: '50' },
      conversations: { type: 'string', default: '1000' },
      organizations: { type: 'string', default: '50' },
      only: { type: 'string' },
      rows: { type: 'string' },
      events: { type: 'boolean', default: false },
      ...eventOptions,
      answers: { type: 'boolean', default: false },
      ...answerOptions,
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const organizations = toCount('organizations', values.organizations)
  const conversations = toCount('conversations', values.conversations)
  if (organizations > conversations) throw new Error('--organizations must not be more than --conversations.')
  const rows = values.rows === undefined ? undefined : toCount('rows', values.rows)
  if (rows !== undefined && rows < 20 * conversations) throw new Error('--rows must be at least 20 × --conversations.')
  const isHiloOnly = values.events || values.answers
  const possible = isHiloOnly ? hiloCases : caseNames
  const usual = isHiloOnly ? hiloCases.slice(0, 1) : caseNames
  return {
    seconds: toCount('seconds', values.seconds),
    connections: toCount('connections', values.connections),
    conversations,
    organizations,
    only: toChoice('only', values.only ?? usual.join(','), possible),
    rows,
    events: values.events ? readEventOptions(values, organizations) : undefined,
    answers: values.answers ? readAnswerOptions(values) : undefined,
    json: values.json,
    profile: values.profile,
  }
}
