import pg from 'pg'
import { createId } from '../server/database/create-id.ts'
import { customerOf, type Tenant, tenantOf } from './workload.ts'

/** A conversation to be filled in, with its contact. */
interface FilledConversation {
  organization_id: string
  agent_id: string
  id: string
  contact_id: string
  phone: string
  first_name: string
  messages: number
}

const createWanted = `
  create temporary table wanted (
    place integer generated always as identity, organization_id text, agent_id text, id text, contact_id text,
    phone text, first_name text, messages integer
  )`

const addWanted = `
  insert into wanted (organization_id, agent_id, id, contact_id, phone, first_name, messages)
  select organization_id, agent_id, id, contact_id, phone, first_name, messages
  from json_populate_recordset(null::wanted, $1::json)`

const addConversations = [
  'insert into contacts (organization_id, id, first_name) select organization_id, contact_id, first_name from wanted',
  `insert into contact_identities (organization_id, kind, value, contact_id, raw, origin)
    select organization_id, 'phone', '+' || phone, contact_id, phone, 'whatsapp' from wanted`,
  `insert into conversations (organization_id, id, agent_id, channel, contact_id, visitor_id, status, last_seq)
    select organization_id, id, agent_id, 'whatsapp', contact_id, phone, 'UNRESOLVED', messages from wanted`,
  `insert into conversation_keys (organization_id, kind, value, conversation_id)
    select organization_id, 'whatsapp', agent_id || '_+' || phone, id from wanted`,
]

/** Message $1 of every conversation that has so many; ids grow with time, as ours do. */
const addMessages = `
  with added as (
    insert into messages (
      organization_id, conversation_id, seq, id, agent_id, author_kind, text, attachments, channel, source, is_draft,
      status, visitor_id, conversation_status, metadata, occurred_at, received_at, recorded_at
    )
    select organization_id, id, $1, 'c' || lpad(($1 * 10000000 + place)::text, 10, '0') || substr(md5(id), 1, 14),
      agent_id, 'agent', 'Mensaje ' || $1 || ' de antes: tu pedido ya salió del depósito y llega mañana. ¡Gracias por tu compra!',
      '[]', 'whatsapp', 'whatsapp', false, 'recorded', phone, 'UNRESOLVED', '{}', moment, moment, moment
    from wanted, lateral (
      select now() - interval '100 days' + $1 * interval '1 day' + place * interval '1 ms'
    ) as t(moment)
    where messages >= $1
    order by place
    returning organization_id, conversation_id, id
  ), numbered as (
    select a.*, s.last_seq + row_number() over (partition by organization_id) as number
    from added a join event_sequences s using (organization_id)
  ), counted as (
    update event_sequences s set last_seq = n.newest
    from (select organization_id, max(number) as newest from numbered group by organization_id) as n
    where s.organization_id = n.organization_id
  )
  insert into events (organization_id, seq, type, conversation_id, message_id, data)
  select organization_id, number, 'message.created', conversation_id, id, '{}' from numbered`

/** What is to be filled in. */
interface Filling {
  tenants: readonly Tenant[]
  conversations: number
  /** How many messages a conversation has. */
  messagesOf(conversation: number): number
}

function planConversation(conversation: number, { tenants, messagesOf }: Filling): FilledConversation {
  const { organizationId, agentId } = tenantOf(conversation, { tenants })
  const { phone, firstName } = customerOf(conversation)
  return {
    organization_id: organizationId, agent_id: agentId, id: createId(), contact_id: createId(), phone,
    first_name: firstName, messages: messagesOf(conversation),
  }
}

/** 0 … count - 1 in another order, so that conversations which belong together do not lie together on the disk. */
function shuffle(count: number): number[] {
  const keys = new Map(Array.from({ length: count }, (_, index) => [index, Math.imul(index, 0x9e3779b1) >>> 0]))
  return [...keys.keys()].sort((one, other) => keys.get(one)! - keys.get(other)!)
}

/** Fills in conversations from the first on, each with its contact, its messages and their events. */
export async function fillMessages(url: string, filling: Filling): Promise<void> {
  const order = shuffle(filling.conversations)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(createWanted)
    let newest = 0
    for (let start = 0; start < order.length; start += 10_000) {
      const part = order.slice(start, start + 10_000)
      const rows = part.map((place) => planConversation(place, filling))
      newest = Math.max(newest, ...rows.map(({ messages }) => messages))
      await client.query(addWanted, [JSON.stringify(rows)])
    }
    for (const statement of addConversations) await client.query(statement)
    for (let seq = 1; seq <= newest; seq++) await client.query(addMessages, [seq])
  } finally {
    await client.end()
  }
}
