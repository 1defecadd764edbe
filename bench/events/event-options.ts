import { toChoice, toCount } from '../option-values.ts'

export const eventParts = ['stream', 'webhooks', 'write'] as const
export type EventPart = (typeof eventParts)[number]

/** What `--events` measures. */
export interface EventOptions {
  parts: readonly EventPart[]
  /** Readers of the stream. */
  readers: number
  /** Messages a second. */
  rate: number
  /** Organizations with a webhook endpoint. */
  endpoints: number
  /** How many of these have a second one that never answers. */
  hanging: number
}

export const eventOptions = {
  parts: { type: 'string', default: eventParts.join(',') },
  readers: { type: 'string', default: '1000' },
  rate: { type: 'string', default: '500' },
  endpoints: { type: 'string' },
  hanging: { type: 'string', default: '1' },
} as const

export const eventHelp = `With --events, --only c,e says over which databases (c), and:

  --parts LIST        only these parts: ${eventParts.join(',')}
  --readers N         readers of the stream, spread over the organizations (1000)
  --rate N            messages a second, where they come at a fixed rate (500)
  --endpoints N       organizations with a webhook endpoint (5)
  --hanging N         how many of them get a second endpoint that never answers (1)
`

type Texts = Record<'parts' | 'readers' | 'rate' | 'hanging', string> & { endpoints?: string }

/** Reads what belongs to `--events`. @throws Error that says what is wrong. */
export function readEventOptions(texts: Texts, organizations: number): EventOptions {
  const endpoints = texts.endpoints === undefined ? Math.min(5, organizations) : toCount('endpoints', texts.endpoints)
  const hanging = toCount('hanging', texts.hanging)
  if (endpoints > organizations) throw new Error('--endpoints must not be more than --organizations.')
  if (hanging > endpoints) throw new Error('--hanging must not be more than --endpoints.')
  return {
    parts: toChoice('parts', texts.parts, eventParts),
    readers: toCount('readers', texts.readers),
    rate: toCount('rate', texts.rate),
    endpoints,
    hanging,
  }
}
