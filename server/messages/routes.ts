import { Message, MessageChange, MessagePage, MessageQuery } from '@hilo/contract'
import Type from 'typebox'
import { accessConversation } from '../conversations/access-conversation.ts'
import type { Transaction } from '../database/schema.ts'
import { inOrganization } from '../database/transactions.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import type { Caller } from '../organizations/scopes.ts'
import { accessMessage } from './access-message.ts'
import { changeMessage } from './change-message.ts'
import { listMessages } from './list-messages.ts'
import { presentMessage } from './present-message.ts'

const tags = ['Messages']
const read = { scope: 'history:read', servesBound: 'params' } as const
const write = { scope: 'messages:write' } as const

const conversationParam = {
  id: Type.String({ description: 'Id of the conversation, or a `conversationId` that it was recorded with.' }),
}
const messageParams = Type.Object({
  ...conversationParam,
  messageId: Type.String({ description: 'Id of the message.' }),
})

const listSchema = {
  tags,
  summary: 'Read the messages of a conversation',
  description: 'Sorted by `occurredAt`, then `seq`: what was backdated stands in its place. ' +
    'Both cursors stay good while messages arrive.',
  params: Type.Object(conversationParam),
  querystring: MessageQuery,
  response: { 200: MessagePage, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND') },
}

const showSchema = {
  tags,
  summary: 'Read a message',
  params: messageParams,
  response: { 200: Message, ...errorResponses('INVALID_ID', 'NOT_FOUND') },
}

const changeSchema = {
  tags,
  summary: 'Publish a draft, or change the metadata of a message',
  description: 'Publishing twice does no harm. Events: `message.created` when a draft is published, ' +
    '`message.updated` when the metadata of a published message changes; a draft makes none.',
  params: messageParams,
  body: MessageChange,
  response: { 200: Message, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND') },
}

/** Reading and changing the messages of a conversation. */
export const messageRoutes = ({ database: { db } }: Services): Routes => async (app) => {
  /** Runs `work` in the caller's organization on the conversation of the path. */
  const inConversation = <Result>(
    { caller: { organizationId }, params: { id } }: { caller: Caller, params: { id: string } },
    work: (tx: Transaction, address: { organizationId: string, conversationId: string }) => Promise<Result>,
  ) => inOrganization(db, organizationId, async (tx) => {
    const conversation = await accessConversation(tx, organizationId, { id })
    return work(tx, { organizationId, conversationId: conversation.id })
  })

  app.get('/api/conversations/:id/messages', { schema: listSchema, config: read }, (request) => (
    inConversation(request, (tx, address) => listMessages(tx, { ...address, ...request.query }))
  ))

  app.get('/api/conversations/:id/messages/:messageId', { schema: showSchema, config: read }, (request) => {
    const { messageId } = request.params
    return inConversation(request, async (tx, address) => (
      presentMessage(await accessMessage(tx, { ...address, messageId }))
    ))
  })

  app.patch('/api/conversations/:id/messages/:messageId', { schema: changeSchema, config: write }, (request) => {
    const { caller: { apiKeyId }, params: { messageId }, body: change } = request
    return inConversation(request, (tx, address) => changeMessage(tx, { ...address, messageId, change, apiKeyId }))
  })
}
