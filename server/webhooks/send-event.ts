import { DecryptionError, type Encryption } from '../encryption/encrypt.ts'
import { GuardError } from '../guarded-client/guard-error.ts'
import type { GuardedAnswer, GuardedClient } from '../guarded-client/guarded-fetch.ts'
import { readRetryAfter } from '../guarded-client/read-retry-after.ts'
import type { Recipient } from './access-endpoint.ts'
import { createSecretReader } from './read-secrets.ts'
import { signEvent } from './sign-event.ts'

/** Nobody is left alone for longer than the longest wait of the schedule. */
const longestPauseMs = 24 * 3_600_000

/** What is sent: JSON with an id of its own. */
export interface Sendable {
  id: string
  type: string
  [field: string]: unknown
}

/** What came of one attempt. */
export interface Attempt {
  isDelivered: boolean
  /** HTTP; `null`: no answer. */
  status: number | null
  durationMs: number
  error: string | null
  /** First KiB of it. */
  answer: string | null
  /** The receiver asked to be left alone for so long. */
  retryAfterMs: number | undefined
}

export type SendEvent = (recipient: Recipient, event: Sendable, signal?: AbortSignal) => Promise<Attempt>

interface SendOptions {
  client: GuardedClient
  encryption: Encryption
  /** For the whole exchange. */
  timeoutMs: number
}

const maxAnswerBytes = 1024

/** Makes the function that posts an event once, and never throws for what the receiver does; only when broken off. */
export function createSendEvent({ client, encryption, timeoutMs }: SendOptions): SendEvent {
  const readSecrets = createSecretReader(encryption)
  return async (recipient, event, signal) => {
    const startMs = performance.now()
    try {
      const body = JSON.stringify(event)
      const secrets = readSecrets(recipient)
      const headers = {
        'content-type': 'application/json', 'user-agent': 'Hilo',
        ...signEvent({ id: event.id, body, sentAt: new Date(), secrets }),
      }
      return judge(await client.post(recipient.url, { headers, body, timeoutMs, maxAnswerBytes, signal }))
    } catch (error) {
      return explainFailure(error, Math.round(performance.now() - startMs))
    }
  }
}

function judge({ status, headers, body, durationMs }: GuardedAnswer): Attempt {
  const isDelivered = status >= 200 && status < 300
  return {
    isDelivered,
    status,
    durationMs,
    error: isDelivered ? null : explainStatus(status),
    answer: body.replaceAll('\0', '\ufffd'), // PostgreSQL holds no NUL
    retryAfterMs: isDelivered ? undefined : readPause(headers['retry-after']),
  }
}

function readPause(retryAfter: string | string[] | undefined): number | undefined {
  const askedMs = readRetryAfter(retryAfter)
  return askedMs === undefined ? undefined : Math.min(askedMs, longestPauseMs)
}

function explainStatus(status: number): string {
  if (status === 410) return 'The receiver answered 410: it is gone.'
  if (status >= 300 && status < 400) return `The receiver answered ${status}; redirects are not followed. Set the final URL.`
  return `The receiver answered ${status}; only 200 to 299 is success.`
}

/** Anything but what is foreseen is a fault of ours, or the wish to stop, and not the receiver's. */
function explainFailure(error: unknown, durationMs: number): Attempt {
  const failed = { isDelivered: false, status: null, durationMs, answer: null, retryAfterMs: undefined }
  if (error instanceof GuardError) return { ...failed, error: error.message }
  if (error instanceof DecryptionError) {
    const hint = 'Put back the HILO_SECRET with which it was stored, or give the endpoint a new secret (rotate-secret).'
    return { ...failed, error: `The secret of the endpoint cannot be read with the present HILO_SECRET. ${hint}` }
  }
  throw error
}
