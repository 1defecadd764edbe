import { Agent, AgentChange, AgentsPage, AgentsQuery, NewAgentBody } from '@hilo/contract'
import Type from 'typebox'
import { createId } from '../database/create-id.ts'
import { inOrganization } from '../database/transactions.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import { listNewest } from '../http/list-newest.ts'
import { readMetadata } from '../metadata/read-metadata.ts'
import { recordAudit } from '../organizations/audit.ts'
import { accessAgent, presentAgent } from './access-agent.ts'
import { createAgentEncryption } from './agent-secrets.ts'
import { changeAgent } from './change-agent.ts'
import { changeSettings } from './change-settings.ts'
import { createAgent } from './create-agent.ts'
import { readAgentId } from './read-agent-id.ts'

const tags = ['Agents']
const read = { scope: 'history:read' } as const
const admin = { scope: 'admin' } as const
const params = Type.Object({ id: Type.String({ description: 'Id of the agent.' }) })

const createSchema = {
  tags,
  summary: 'Create an agent',
  description: 'All settings have defaults; with a `model` it can answer. Keys and header values are never shown again.',
  body: NewAgentBody,
  response: { 201: Agent, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'ALREADY_EXISTS') },
}

const listSchema = {
  tags,
  summary: 'List the agents',
  querystring: AgentsQuery,
  response: { 200: AgentsPage, ...errorResponses('INVALID_REQUEST') },
}

const showSchema = {
  tags,
  summary: 'Read an agent',
  params,
  response: { 200: Agent, ...errorResponses('INVALID_ID', 'NOT_FOUND') },
}

const changeSchema = {
  tags,
  summary: 'Change an agent',
  params,
  body: AgentChange,
  response: { 200: Agent, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND') },
}

/** Agents as things to manage; what they say comes in at `routes.ts`. */
export const manageAgentRoutes = ({ config, database: { db }, webhooks }: Services): Routes => async (app) => {
  const { allowPrivateTargets: allowPrivate, modelPrices: prices } = config
  const context = { encryption: createAgentEncryption(config), allowPrivate, prices }

  app.post('/api/agents', { schema: createSchema, config: admin }, async ({ caller, body }, reply) => {
    const { organizationId, apiKeyId: actor } = caller
    const id = readAgentId(body.id) ?? createId()
    const settings = changeSettings({}, body, { ...context, organizationId, agentId: id })
    const { name, systemPrompt } = body
    const wanted = { organizationId, id, name, systemPrompt, metadata: readMetadata(body.metadata), settings }
    const agent = await inOrganization(db, organizationId, async (tx) => {
      await createAgent(tx, wanted)
      await recordAudit(tx, { organizationId, actor, action: 'agent.created', subject: id, details: { name } })
      return presentAgent(await accessAgent(tx, { organizationId, id }))
    })
    if (body.conversationalMode) await webhooks.prepareAnswers({ organizationId, agentId: id, actor })
    return reply.code(201).send(agent)
  })

  app.get('/api/agents', { schema: listSchema, config: read }, ({ caller: { organizationId }, query }) => (
    inOrganization(db, organizationId, (tx) => (
      listNewest(tx, 'agents', { organizationId, query, present: presentAgent })
    ))
  ))

  app.get('/api/agents/:id', { schema: showSchema, config: read }, ({ caller: { organizationId }, params: { id } }) => (
    inOrganization(db, organizationId, async (tx) => presentAgent(await accessAgent(tx, { organizationId, id })))
  ))

  app.patch('/api/agents/:id', { schema: changeSchema, config: admin }, async ({ caller, params: { id }, body: change }) => {
    const { organizationId, apiKeyId: actor } = caller
    const changed = await inOrganization(db, organizationId, (tx) => (
      changeAgent(tx, { organizationId, id, actor, change, ...context })
    ))
    if (change.conversationalMode) await webhooks.prepareAnswers({ organizationId, agentId: id, actor })
    return changed
  })
}
