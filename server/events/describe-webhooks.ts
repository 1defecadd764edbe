import { eventMeanings, eventSchemas, webhookTypes } from '@hilo/contract'

const headers = [
  ['webhook-id', 'The `id` of the event; the same in every attempt, so that a repeat is recognised by it.'],
  ['webhook-timestamp', 'Unix seconds of this attempt.'],
  ['webhook-signature', 'Signature as https://www.standardwebhooks.com describes it; several are separated by blanks.'],
].map(([name, description]) => ({ name, in: 'header', required: true, description, schema: { type: 'string' } }))

/** The `webhooks` part of the OpenAPI 3.1 document: what is sent to webhook endpoints, by type of event. */
export function describeWebhooks(): Record<string, object> {
  return Object.fromEntries(webhookTypes.map((type) => [type, {
    post: {
      tags: ['Events'],
      summary: type,
      description: eventMeanings[type],
      parameters: headers,
      requestBody: { required: true, content: { 'application/json': { schema: eventSchemas[type] } } },
      responses: { '2XX': { description: 'Received. Any other answer counts as a failure, and the event is sent again.' } },
    },
  }]))
}
