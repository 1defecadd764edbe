import { eventMeanings, eventSchemas, type WebhookType, webhookTypes } from '@hilo/contract'

interface Schema {
  $id?: string
  type?: string | string[]
  description?: string
  enum?: unknown[]
  items?: Schema
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
}

/**
 * Every type of event, and what tests a webhook endpoint, as Markdown, for docs/events.md: what it means, what its
 * `data` holds, and an example.
 */
export function eventsReference(): string {
  return webhookTypes.map(describeType).join('\n\n')
}

function describeType(type: WebhookType): string {
  const schema = eventSchemas[type] as unknown as Schema & { examples: object[] }
  const example = schema.examples[0]!
  return [
    `### \`${type}\``, eventMeanings[type], describeFields(schema.properties!.data!),
    `\`\`\`json\n${JSON.stringify(isShownInFull(type) ? example : shorten(example), null, 2)}\n\`\`\``,
  ].join('\n\n')
}

/** One of them, so that a reader has seen it all once. */
const isShownInFull = (type: WebhookType) => type === 'message.created'

function describeFields({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).filter(([name]) => name !== 'truncated').map(([name, field]) => (
    `| \`${name}\` | ${nameType(field)}${required.includes(name) ? '' : ', optional'} | ${field.description ?? ''} |`
  ))
  return ['| in `data` | type | |', '|---|---|---|', ...rows].join('\n')
}

/** The type in a word or two: a schema of the API by its name, what else there is by its JSON type. */
function nameType({ $id, type, enum: words, items, anyOf }: Schema): string {
  if ($id) return $id
  if (anyOf) return anyOf.map(nameType).join(' or ')
  if (words) return words.map((word) => `\`${String(word)}\``).join(', ')
  if (items) return `list of ${nameType(items)}`
  return [type ?? 'object'].flat().join(' or ')
}

/** An example without what the API's own reference shows in full. */
function shorten(example: object): object {
  return JSON.parse(JSON.stringify(example, (key, value: unknown) => (
    isResource(key, value) ? { id: value.id, '…': '…' } : value
  ))) as object
}

const resources = ['message', 'conversation', 'contact']

function isResource(key: string, value: unknown): value is { id: string } {
  return resources.includes(key) && typeof value === 'object' && value !== null && 'id' in value
}
