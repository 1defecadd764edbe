import { type Agent, type ModelInput, modelProviders } from '@hilo/contract'
import { type Command, Option } from 'commander'
import { accessAgent, presentAgent } from '../agents/access-agent.ts'
import { createAgentEncryption } from '../agents/agent-secrets.ts'
import { changeAgent } from '../agents/change-agent.ts'
import { createAgent } from '../agents/create-agent.ts'
import { readAgentId } from '../agents/read-agent-id.ts'
import { readConfig } from '../config.ts'
import type { Transaction } from '../database/schema.ts'
import { listNewest } from '../http/list-newest.ts'
import { recordAudit } from '../organizations/audit.ts'
import { withSecret } from '../read-secret.ts'
import { StartError } from '../start-error.ts'
import { inNamedOrganization, type OrganizationOptions } from './in-organization.ts'
import { again, readName, withJson, withName, withOrganization } from './options.ts'
import { type Answer, print } from './print.ts'
import { readAllPages } from './read-all-pages.ts'
import { formatTable } from './table.ts'

interface ModelOptions extends OrganizationOptions {
  provider: ModelInput['provider']
  name: string
  baseUrl?: string
  apiKeyEnv?: string
}

interface CreateOptions extends OrganizationOptions {
  name: string
  id?: string
}

/** `hilo agents`: the AI agents of an organization. */
export function addAgents(program: Command): void {
  const agents = program.command('agents').description('agents of an organization: list, create, give them a model')

  withJson(withOrganization(agents.command('list').description('show the agents of an organization')))
    .action((options: OrganizationOptions) => print(options, () => list(options)))

  withJson(withOrganization(withName(agents.command('create').description('create an agent'), 'agent')))
    .option('--id <id>', 'its id, for an installation that moves here; made up when left out')
    .action((options: CreateOptions) => print(options, () => create(options)))

  addSetModel(agents)
}

function addSetModel(agents: Command): void {
  const command = agents.command('set-model <agent>').description('set the model that an agent answers with')
  withJson(withOrganization(command))
    .addOption(new Option('--provider <provider>', 'whose API it is').choices(modelProviders).makeOptionMandatory())
    .addOption(new Option('--name <name>', 'the model, such as gpt-4o-mini').argParser(readName).makeOptionMandatory())
    .option('--base-url <url>', 'address of the API; needed for openai-compatible')
    .option('--api-key-env <variable>', 'environment variable that holds the key; without it a stored key stays')
    .action((agent: string, options: ModelOptions) => print(options, () => setModel(agent, options)))
}

/** Every agent of an organization, the newest first. */
export function listAgents(tx: Transaction, organizationId: string): Promise<Agent[]> {
  return readAllPages((query) => listNewest(tx, 'agents', { organizationId, query, present: presentAgent }))
}

function list(options: OrganizationOptions): Promise<Answer> {
  const instead = 'ask it at GET /api/agents with an API key'
  return inNamedOrganization(options, instead, async (tx, organizationId) => {
    const items = await listAgents(tx, organizationId)
    const rows = items.map(({ id, name, createdAt }) => [id, name, createdAt])
    const none = `There is no agent in organization ${organizationId} yet. Make one: npx hilo agents create ${again(options)}--name "My agent"`
    return {
      data: { organizationId, items },
      text: rows.length ? formatTable(['ID', 'NAME', 'CREATED'], rows) : none,
    }
  })
}

function create({ organization, id, name }: CreateOptions): Promise<Answer> {
  const instead = 'use its route POST /api/agents with an API key that has the scope admin'
  return inNamedOrganization({ organization }, instead, async (tx, organizationId) => {
    const agentId = await createAgent(tx, { organizationId, id: readAgentId(id), name })
    await recordAudit(tx, { organizationId, actor: 'cli', action: 'agent.created', subject: agentId, details: { name } })
    return {
      data: { organizationId, ...presentAgent(await accessAgent(tx, { organizationId, id: agentId })) },
      text: `Created agent ${agentId} (${name}) in organization ${organizationId}.\n` +
        `It records messages at POST /api/agents/${agentId}/query-agent.`,
    }
  })
}

function setModel(id: string, { organization, provider, name, baseUrl, apiKeyEnv }: ModelOptions): Promise<Answer> {
  const instead = `use its route PATCH /api/agents/${id} with an API key that has the scope admin`
  const model = { provider, name, baseUrl, apiKey: readKey(apiKeyEnv) }
  return inNamedOrganization({ organization }, instead, async (tx, organizationId) => {
    const config = withSecret(readConfig(process.env))
    const before = await accessAgent(tx, { organizationId, id })
    const agent = await changeAgent(tx, {
      organizationId, id, actor: 'cli', change: { model },
      encryption: createAgentEncryption(config), allowPrivate: config.allowPrivateTargets,
      prices: config.modelPrices,
    })
    const key = describeKey(apiKeyEnv, {
      hadKey: before.settings.model?.apiKey !== undefined, hasKey: agent.model!.hasApiKey,
    })
    return { data: { organizationId, ...agent }, text: `Agent ${id} answers with ${name} (${provider}), ${key}.` }
  })
}

/** Where the key of a model comes from, or where it has gone. */
function describeKey(variable: string | undefined, { hadKey, hasKey }: { hadKey: boolean, hasKey: boolean }): string {
  if (variable !== undefined) return `with the key from ${variable}`
  if (hasKey) return 'with the key it had'
  if (!hadKey) return 'without a key'
  return 'without a key: the one it had was for another provider or base URL, and is dropped. Give one with --api-key-env'
}

/** A key on the command line would stay in the history of the shell and be seen in the list of processes. */
function readKey(variable: string | undefined): string | undefined {
  if (variable === undefined) return undefined
  const key = process.env[variable]
  if (key) return key
  throw new StartError(`The environment variable ${variable} is not set, so there is no key in it.`)
}
