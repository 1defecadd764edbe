import {
  Conversation, ConversationChange, ConversationMetadataChange, ConversationPage, ConversationQuery,
  ConversationWithMessages, HandBackBody, HandoffBody, PageQuery, TurnPage,
} from '@hilo/contract'
import Type from 'typebox'
import { inOrganization } from '../database/transactions.ts'
import { allowNoBody } from '../http/allow-no-body.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import { changeConversation, handOver } from './change-conversation.ts'
import { listConversations } from './list-conversations.ts'
import { listTurns } from './list-turns.ts'
import { showConversation } from './show-conversation.ts'

const tags = ['Conversations']
const read = { scope: 'history:read' } as const
const readOne = { ...read, servesBound: 'params' } as const
const write = { scope: 'messages:write' } as const

const params = Type.Object({
  id: Type.String({ description: 'Id of the conversation, or a `conversationId` that it was recorded with.' }),
})

const listSchema = {
  tags,
  summary: 'List conversations',
  description: 'Newest change first. One that changes while you read on moves to the beginning; the others come once.',
  querystring: ConversationQuery,
  response: { 200: ConversationPage, ...errorResponses('INVALID_REQUEST') },
}

const showSchema = {
  tags,
  summary: 'Read a conversation with its newest messages',
  description: 'The newest 50 messages come with it, newest first; `cursor` reads on here as well as in `…/messages`.',
  params,
  querystring: PageQuery({}),
  response: { 200: ConversationWithMessages, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND') },
}

const changeSchema = {
  tags,
  summary: 'Change status, AI or metadata of a conversation',
  description: 'What is not named stays as it is. Events: `conversation.status_changed`, `conversation.updated`, and '
    + '`conversation.handed_back` where `RESOLVED` ends what a human had taken over.',
  params,
  body: ConversationChange,
  response: { 200: Conversation, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND') },
}

const changeMetadataSchema = {
  ...changeSchema,
  summary: 'Change the metadata of a conversation',
  description: 'The same as `PATCH /api/conversations/{id}` with nothing but `metadata`.',
  body: ConversationMetadataChange,
}

const handoffSchema = {
  tags,
  summary: 'Hand a conversation to a human',
  description: 'The AI is quiet from then on, and the status is `HUMAN_REQUESTED`. Done already, it is no change. '
    + 'Events: `conversation.handed_off` with the reason, `conversation.status_changed`.',
  params,
  body: HandoffBody,
  response: { 200: Conversation, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND') },
}

const handBackSchema = {
  ...handoffSchema,
  summary: 'Hand a conversation back to the AI',
  description: 'The AI answers again, whatever had kept it quiet; the status `HUMAN_REQUESTED` becomes `UNRESOLVED`. Done '
    + 'already, it is no change. Events: `conversation.handed_back` with the reason, `conversation.status_changed`.',
  body: HandBackBody,
}

const turnsSchema = {
  tags,
  summary: 'Read how the AI answered, and why it was quiet',
  description: 'A turn is one attempt of the AI to answer what the customer wrote. Newest first.',
  params,
  querystring: PageQuery({}),
  response: { 200: TurnPage, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND') },
}

/** Reading and managing conversations. */
export const conversationRoutes = ({ database: { db } }: Services): Routes => async (app) => {
  app.get('/api/conversations', { schema: listSchema, config: read }, ({ caller: { organizationId }, query }) => (
    inOrganization(db, organizationId, (tx) => listConversations(tx, organizationId, query))
  ))

  app.get('/api/conversations/:id', { schema: showSchema, config: readOne }, (request) => {
    const { caller: { organizationId }, params: { id }, query } = request
    return inOrganization(db, organizationId, (tx) => showConversation(tx, { organizationId, id, ...query }))
  })

  app.patch('/api/conversations/:id', { schema: changeSchema, config: write }, (request) => {
    const { caller, params: { id }, body: change } = request
    return inOrganization(db, caller.organizationId, (tx) => changeConversation(tx, caller, { id, change }))
  })

  app.patch('/api/conversations/:id/metadata', { schema: changeMetadataSchema, config: write }, (request) => {
    const { caller, params: { id }, body: { metadata } } = request
    const change = { metadata }
    return inOrganization(db, caller.organizationId, (tx) => changeConversation(tx, caller, { id, change }))
  })
  app.post('/api/conversations/:id/handoff', {
    schema: handoffSchema, config: write, preValidation: allowNoBody,
  }, ({ caller, params: { id }, body: { reason } }) => (
    inOrganization(db, caller.organizationId, (tx) => (
      handOver(tx, caller, { id, type: 'conversation.handed_off', reason })
    ))
  ))

  app.post('/api/conversations/:id/hand-back', {
    schema: handBackSchema, config: write, preValidation: allowNoBody,
  }, ({ caller, params: { id }, body: { reason } }) => (
    inOrganization(db, caller.organizationId, (tx) => (
      handOver(tx, caller, { id, type: 'conversation.handed_back', reason })
    ))
  ))

  app.get('/api/conversations/:id/turns', { schema: turnsSchema, config: readOne }, (request) => {
    const { caller: { organizationId }, params: { id }, query } = request
    return inOrganization(db, organizationId, (tx) => listTurns(tx, { organizationId, id, ...query }))
  })
}
