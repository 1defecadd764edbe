import { Webhook } from 'standardwebhooks'

export interface SignedEvent {
  /** Name of the event: the same for all attempts. */
  id: string
  /** What is signed is exactly what is sent. */
  body: string
  /** Of this attempt. */
  sentAt: Date
  /** `whsec_…`; while a secret is being changed, the old one too. */
  secrets: readonly string[]
}

/** Headers of Standard Webhooks 1.0 (https://www.standardwebhooks.com): a signature for each secret. */
export function signEvent({ id, body, sentAt, secrets }: SignedEvent): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, sentAt, body)).join(' '),
  }
}
