import { runInNewContext } from 'node:vm'
import type { Hilo } from './start-hilo.ts'

/** What the WhatsApp Trigger hands over of a webhook. */
const whatsapp = {
  messaging_product: 'whatsapp',
  contacts: [{ profile: { name: 'Luz "la jefa"' }, wa_id: '5491155550000' }],
  messages: [{
    from: '5491155550000', id: 'wamid.HBgNNTQ5MTE1NTU1MDAwMBUCABIYFDNBMEQ2MzU1MjFGRDQ0RTk2QzE5AA==',
    timestamp: '1772460090', type: 'text', text: { body: 'Two questions:\n"when" and \\where\\?' },
  }],
  field: 'messages',
}

/** What the nodes of n8n before ours hand over, in the parts that the documents use. */
const items: Record<string, object> = {
  // The answer of WhatsApp's Cloud API to a message that was sent.
  'whatsapp-sent': {
    messaging_product: 'whatsapp',
    contacts: [{ input: '+54 9 11 5555-0000', wa_id: '5491155550000' }],
    messages: [{ id: 'wamid.HBgNNTQ5MTE1NTU1MDAwMBUCABEYEjk4RkQ2MkQyN0E4OTM2RUYxNQA=' }],
  },
  'whatsapp-received': whatsapp,
  // A message of it behind Split Out.
  'whatsapp-message': { ...whatsapp, messages: whatsapp.messages[0] },
  // The body of Chatwoot's webhook message_created, for what an operator wrote.
  chatwoot: {
    body: {
      event: 'message_created', id: 48121, content: 'It left today.\nHere is the "tracking number".', message_type: 'outgoing',
      private: false, created_at: '2026-03-02T14:05:09.000Z', account: { id: 12, name: 'Acme' },
      sender: { id: 3, name: 'Ana', type: 'user' },
      conversation: { id: 345, meta: { sender: { phone_number: '+5491155550000' } } },
    },
  },
}

/** What an execution has besides the item: its address for a Wait node, and what other nodes handed over, by name. */
interface Execution {
  resumeUrl?: string
  outputs?: Record<string, object>
}

/** Fills in `{{ … }}` as n8n does: the text of the value stands in its place, and nothing where there is none. */
export function fillExpressions(text: string, item: object, { resumeUrl, outputs }: Execution = {}): string {
  const all: Record<string, object> = { 'AI Agent': { output: 'It is "on its way".\nAnything else?' }, ...outputs }
  const read = (name: string) => ({ item: { json: all[name] }, first: () => ({ json: all[name] }) })
  const scope = { $json: item, $: read, $execution: { resumeUrl } }
  return text.replace(/\{\{(.+?)\}\}/gs, (_, expression: string) => String(runInNewContext(expression, scope) ?? ''))
}

/** The body that a node of n8n sends, as a document writes it, for the item that the node before hands over. */
export function fillNode(
  text: string, item: string | object,
  { organizationId, agentId, ...execution }: Pick<Hilo, 'organizationId' | 'agentId'> & Execution,
): object {
  const ids = text.replaceAll('ORGANIZATION_ID', organizationId).replaceAll('AGENT_ID', agentId)
  return JSON.parse(fillExpressions(ids, typeof item === 'string' ? items[item]! : item, execution)) as object
}
