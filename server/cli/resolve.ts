import { channels, type MessageInput, type Organization } from '@hilo/contract'
import { type Command, Option } from 'commander'
import { readMessage } from '../agents/read-message.ts'
import type { OpenDatabase } from '../database/open.ts'
import { asOwner } from '../database/transactions.ts'
import { HiloError } from '../errors.ts'
import { createIngest } from '../ingest.ts'
import { explainInWords } from '../messages/explain-in-words.ts'
import type { Resolution } from '../messages/new-message.ts'
import { scopes } from '../organizations/scopes.ts'
import { listAgents } from './agents.ts'
import { describeChoice, findOrganization } from './find-organization.ts'
import { withJson, withOrganization } from './options.ts'
import { type Answer, type OutputOptions, print } from './print.ts'
import { withDatabase } from './with-database.ts'

interface ResolveOptions extends OutputOptions {
  organization?: string
  agent?: string
  channel?: string
  conversationId?: string
  channelExternalId?: string
  visitorId?: string
  contactId?: string
  email?: string
  phone?: string
  userId?: string
  externalId?: string
  source?: string
  from?: 'agent' | 'contact'
}

/** `hilo resolve`: where a message would land, decided by the code that records it. */
export function addResolve(program: Command): void {
  const resolve = program.command('resolve')
    .description('say in words where a message would land; writes nothing. Options are the fields of query-agent')
  withJson(withOrganization(resolve))
    .option('--agent <id>', 'agent of the path; may be left out where there is only one')
    .addOption(new Option('--channel <channel>', 'where the conversation takes place').choices(channels).default('api'))
    .option('--conversation-id <id>', 'conversationId')
    .option('--channel-external-id <id>', 'channelExternalId; on WhatsApp {organizationId}_{agentId}_{telephoneNumber}')
    .option('--visitor-id <id>', 'visitorId; on WhatsApp the phone number')
    .option('--contact-id <id>', 'contactId')
    .option('--email <address>', 'contact.email')
    .option('--phone <number>', 'contact.phoneNumber')
    .option('--user-id <id>', 'contact.userId')
    .option('--external-id <id>', "externalId: the provider's message id, to see whether it was recorded before")
    .option('--source <name>', 'source of that externalId; the channel when left out')
    .addOption(new Option('--from <side>', 'who says it').choices(['agent', 'contact']).default('agent'))
    .addHelpText('after', '\nExample:\n  npx hilo resolve --channel whatsapp --visitor-id "+54 9 11 5555-0000"')
    .action((options: ResolveOptions) => print(options, () => resolveMessage(options)))
}

function resolveMessage(options: ResolveOptions): Promise<Answer> {
  const instead = 'use its route POST /api/agents/{id}/resolve with an API key'
  return withDatabase({ instead }, async (database) => {
    const { organization, agentId } = await findPlace(database, options)
    const message = readMessage(toInput(options), {
      caller: {
        organizationId: organization.id, apiKeyId: 'cli', scopes,
        defaultCountry: organization.defaultCountry ?? undefined,
      },
      agentId,
      receivedAt: new Date(),
    })
    const outcome = await createIngest(database).resolve(message)
    if (!outcome.ok) throw outcome.error
    const { resolution } = outcome
    return { data: { resolution, summary: explainInWords(resolution) }, text: describe(resolution) }
  })
}

interface Place {
  organization: Organization
  agentId: string
}

function findPlace({ db }: OpenDatabase, options: ResolveOptions): Promise<Place> {
  return asOwner(db, async (tx) => {
    const organization = await findOrganization(tx, options.organization)
    return { organization, agentId: chooseAgent(await listAgents(tx, organization.id), options.agent) }
  })
}

/** @throws HiloError NOT_FOUND or INVALID_REQUEST that lists what to choose from. */
function chooseAgent(agents: readonly { id: string, name: string }[], wanted: string | undefined): string {
  const field = 'agent'
  if (agents.length === 0) {
    const hint = 'Make one: npx hilo agents create --name "My agent"'
    throw new HiloError('NOT_FOUND', 'There is no agent in this organization yet.', { field, hint })
  }
  const found = wanted === undefined ? agents : agents.filter(({ id }) => id === wanted)
  if (found.length === 1) return found[0]!.id
  const hint = `There are: ${describeChoice(agents)}.`
  if (wanted !== undefined) throw new HiloError('NOT_FOUND', `No agent "${wanted}" in this organization.`, { field, hint })
  throw new HiloError('INVALID_REQUEST', `Say with --agent which of the ${found.length} agents is meant.`, { field, hint })
}

/** The body of the request that these options stand for. A dry run needs a text; nobody reads it. */
function toInput(options: ResolveOptions): MessageInput {
  const { channel, conversationId, channelExternalId, visitorId, contactId, externalId, source, from } = options
  const contact = { email: options.email, phoneNumber: options.phone, userId: options.userId }
  return { query: '-', channel, conversationId, channelExternalId, visitorId, contactId, externalId, source, from, contact }
}

/** What was decided, then each warning on its own line. */
function describe(resolution: Resolution): string {
  const decided = explainInWords({ ...resolution, warnings: [] })
  return [decided, ...resolution.warnings.map(({ message }) => `Warning: ${message}`)].join('\n')
}
