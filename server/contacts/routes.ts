import {
  ContactChangeBody, ContactDetail, ContactsPage, ContactsQuery, MergeBody, MergeProposalsPage, MergeProposalsQuery,
  NewContactBody, UnmergeAnswer, UnmergeBody,
} from '@hilo/contract'
import Type from 'typebox'
import { inOrganization } from '../database/transactions.ts'
import { errorResponses } from '../http/error-responses.ts'
import type { Routes, Services } from '../http/hilo-app.ts'
import { changeContact } from './change-contact.ts'
import { createContact } from './create-contact.ts'
import { inContactTransaction } from './in-contact-transaction.ts'
import { listContacts } from './list-contacts.ts'
import { mergeContacts } from './merge-contacts.ts'
import { dismissMergeProposal, listMergeProposals } from './merge-proposals.ts'
import { showContact } from './show-contact.ts'
import { unmergeContacts } from './unmerge-contacts.ts'

const ContactParams = Type.Object({ id: Type.String({ description: 'Id of the contact.' }) })
const ProposalParams = Type.Object({ id: Type.String({ description: 'Id of the merge proposal.' }) })
const tags = ['Contacts']
const reading = { scope: 'history:read' } as const
const writing = { scope: 'contacts:write' } as const

/** Customers: who they are, by what they are found, and which of them are one and the same. */
export const contactRoutes = ({ database: { db } }: Services): Routes => async (app) => {
  app.get('/api/contacts', {
    config: reading,
    schema: {
      tags,
      summary: 'List contacts',
      description: 'The last changed first. Filters add up. Contacts that are merged into others are left out.',
      querystring: ContactsQuery,
      response: { 200: ContactsPage, ...errorResponses('INVALID_REQUEST', 'INVALID_ID') },
    },
  }, ({ caller, query }) => inOrganization(db, caller.organizationId, (tx) => listContacts(tx, caller, query)))

  app.post('/api/contacts', {
    config: writing,
    schema: {
      tags,
      summary: 'Create a contact',
      description: 'With at least one identity or name. Where another contact has one of the identities, nothing is ' +
        'created and the error names that contact.',
      body: NewContactBody,
      response: { 201: ContactDetail, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'ALREADY_EXISTS') },
    },
  }, async ({ caller, body }, reply) => {
    const contact = await inContactTransaction(db, caller.organizationId, async (tx) => (
      showContact(tx, caller.organizationId, await createContact(tx, caller, body))
    ))
    return reply.code(201).send(contact)
  })

  app.get('/api/contacts/:id', {
    config: reading,
    schema: {
      tags,
      summary: 'Show a contact',
      description: 'With its identities, its newest conversations, and the contacts merged into it. A contact that is ' +
        'itself merged is shown with `mergedIntoId`; its identities and conversations are with that other contact.',
      params: ContactParams,
      response: { 200: ContactDetail, ...errorResponses('INVALID_ID', 'NOT_FOUND') },
    },
  }, ({ caller: { organizationId }, params }) => (
    inOrganization(db, organizationId, (tx) => showContact(tx, organizationId, params.id))
  ))

  app.patch('/api/contacts/:id', {
    config: writing,
    schema: {
      tags,
      summary: 'Change a contact',
      description: 'Names, metadata (merged key by key), and the email, phoneNumber and userId shown: each is replaced, ' +
        'or removed with `null`; further ones of the same kind stay. What is absent or "" stays as it is.',
      params: ContactParams,
      body: ContactChangeBody,
      response: {
        200: ContactDetail,
        ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND', 'ALREADY_EXISTS', 'MERGE_CONFLICT'),
      },
    },
  }, ({ caller, params: { id }, body }) => inContactTransaction(db, caller.organizationId, async (tx) => {
    await changeContact(tx, caller, { id, change: body })
    return showContact(tx, caller.organizationId, id)
  }))

  app.post('/api/contacts/:id/merge', {
    config: writing,
    schema: {
      tags,
      summary: 'Merge another contact into this one',
      description: 'Identities and conversations of the other contact move here, and names and metadata that are missing ' +
        'here are filled in. Messages stay as they were recorded. The other contact stays readable and its id keeps ' +
        'working when messages are recorded. What was moved is kept, so that the merge can be undone.',
      params: ContactParams,
      body: MergeBody,
      response: { 200: ContactDetail, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND', 'MERGE_CONFLICT') },
    },
  }, ({ caller, params: { id }, body }) => inContactTransaction(db, caller.organizationId, async (tx) => {
    await mergeContacts(tx, caller, { contactId: id, mergedContactId: body.contactId })
    return showContact(tx, caller.organizationId, id)
  }))

  app.post('/api/contacts/:id/unmerge', {
    config: writing,
    schema: {
      tags,
      summary: 'Undo a merge',
      description: 'Takes a contact out of this one again: what the merge moved goes back as far as it is still here, and ' +
        'what it filled in is removed unless it was changed since. What came after the merge stays here. Where this ' +
        'contact was itself merged into another one, that merge has to be undone first.',
      params: ContactParams,
      body: UnmergeBody,
      response: { 200: UnmergeAnswer, ...errorResponses('INVALID_REQUEST', 'INVALID_ID', 'NOT_FOUND', 'MERGE_CONFLICT') },
    },
  }, ({ caller, params: { id }, body }) => inContactTransaction(db, caller.organizationId, async (tx) => {
    await unmergeContacts(tx, caller, { contactId: id, mergedContactId: body.contactId })
    return {
      contact: await showContact(tx, caller.organizationId, id),
      restoredContact: await showContact(tx, caller.organizationId, body.contactId),
    }
  }))

  app.get('/api/contacts/merge-proposals', {
    config: reading,
    schema: {
      tags,
      summary: 'List merge proposals',
      description: 'Pairs of contacts that are probably one customer: one message named both, or their phone numbers may ' +
        'be two writings of one. Newest first, until they are merged or dismissed.',
      querystring: MergeProposalsQuery,
      response: { 200: MergeProposalsPage, ...errorResponses('INVALID_REQUEST') },
    },
  }, ({ caller, query }) => inOrganization(db, caller.organizationId, (tx) => listMergeProposals(tx, caller, query)))

  app.delete('/api/contacts/merge-proposals/:id', {
    config: writing,
    schema: {
      tags,
      summary: 'Dismiss a merge proposal',
      description: 'The two are two customers: they are not proposed again.',
      params: ProposalParams,
      response: { 204: Type.Null({ description: 'Dismissed.' }), ...errorResponses('INVALID_ID', 'NOT_FOUND') },
    },
  }, async ({ caller, params }, reply) => {
    await inOrganization(db, caller.organizationId, (tx) => dismissMergeProposal(tx, caller, params.id))
    return reply.code(204).send(null)
  })
}
