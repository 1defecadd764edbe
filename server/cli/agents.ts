import type { Agent } from '@hilo/contract'
import type { Command } from 'commander'
import { accessAgent, presentAgent } from '../agents/access-agent.ts'
import { createAgent } from '../agents/create-agent.ts'
import { readAgentId } from '../agents/read-agent-id.ts'
import type { Transaction } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { listNewest } from '../http/list-newest.ts'
import { recordAudit } from '../organizations/audit.ts'
import { findOrganization } from './find-organization.ts'
import { again, withJson, withName, withOrganization } from './options.ts'
import { type Answer, type OutputOptions, print } from './print.ts'
import { readAllPages } from './read-all-pages.ts'
import { formatTable } from './table.ts'
import { withDatabase } from './with-database.ts'

interface ListOptions extends OutputOptions {
  organization?: string
}

interface CreateOptions extends ListOptions {
  name: string
  id?: string
}

/** `hilo agents`: the AI agents of an organization. */
export function addAgents(program: Command): void {
  const agents = program.command('agents').description('agents of an organization: list, create')

  withJson(withOrganization(agents.command('list').description('show the agents of an organization')))
    .action((options: ListOptions) => print(options, () => list(options)))

  withJson(withOrganization(withName(agents.command('create').description('create an agent'), 'agent')))
    .option('--id <id>', 'its id, for an installation that moves here; made up when left out')
    .action((options: CreateOptions) => print(options, () => create(options)))
}

/** Every agent of an organization, the newest first. */
export function listAgents(tx: Transaction, organizationId: string): Promise<Agent[]> {
  return readAllPages((query) => listNewest(tx, 'agents', { organizationId, query, present: presentAgent }))
}

function list(options: ListOptions): Promise<Answer> {
  const instead = 'ask it at GET /api/agents with an API key'
  return withDatabase({ instead }, ({ db }) => asOwner(db, async (tx) => {
    const { id: organizationId } = await findOrganization(tx, options.organization)
    const items = await listAgents(tx, organizationId)
    const rows = items.map(({ id, name, createdAt }) => [id, name, createdAt])
    const none = `There is no agent in organization ${organizationId} yet. Make one: npx hilo agents create ${again(options)}--name "My agent"`
    return {
      data: { organizationId, items },
      text: rows.length ? formatTable(['ID', 'NAME', 'CREATED'], rows) : none,
    }
  }))
}

function create({ organization, id, name }: CreateOptions): Promise<Answer> {
  const instead = 'use its route POST /api/agents with an API key that has the scope admin'
  return withDatabase({ instead }, ({ db }) => asOwner(db, async (tx) => {
    const { id: organizationId } = await findOrganization(tx, organization)
    const agentId = await createAgent(tx, { organizationId, id: readAgentId(id), name })
    await recordAudit(tx, { organizationId, actor: 'cli', action: 'agent.created', subject: agentId, details: { name } })
    return {
      data: { organizationId, ...presentAgent(await accessAgent(tx, { organizationId, id: agentId })) },
      text: `Created agent ${agentId} (${name}) in organization ${organizationId}.\n` +
        `It records messages at POST /api/agents/${agentId}/query-agent.`,
    }
  }))
}
