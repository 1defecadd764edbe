import Type, { type Static } from 'typebox'
import { channels } from './channels.ts'
import { IdInput, Metadata, OptionalText, Page, PageQuery, Time } from './common.ts'
import { conversationStatuses } from './conversations.ts'

/** A contact in the examples of the documentation. */
export const exampleContact = {
  id: 'cmi9q2x7a0k3v8d1w5r6t9y2z',
  firstName: 'Ana',
  lastName: 'García',
  email: 'ana@example.com',
  phoneNumber: '+5491155550000',
  userId: 'crm-1042',
  identities: [
    {
      kind: 'phone', value: '+5491155550000', raw: '5491155550000', origin: 'whatsapp',
      createdAt: '2026-03-01T12:00:00.000Z',
    },
    {
      kind: 'email', value: 'ana@example.com', raw: 'Ana@Example.com', origin: 'api',
      createdAt: '2026-03-02T09:30:00.000Z',
    },
    { kind: 'user_id', value: 'crm-1042', raw: 'crm-1042', origin: 'api', createdAt: '2026-03-02T09:30:00.000Z' },
  ],
  metadata: { plan: 'gold' },
  mergedIntoId: null,
  createdAt: '2026-03-01T12:00:00.000Z',
  updatedAt: '2026-03-02T09:30:00.000Z',
}

/** One address or id by which a contact is found. */
export const ContactIdentity = Type.Object({
  kind: Type.Enum(['user_id', 'email', 'phone', 'whatsapp_user', 'lid'], {
    description: '`whatsapp_user` and `lid`: ids of WhatsApp that stand in for a hidden number.',
  }),
  value: Type.String({ description: 'Canonical form: E.164 for a phone, lower case for an e-mail address.' }),
  raw: Type.String({ description: 'As it was received.' }),
  origin: Type.String({ description: 'Where it came from: a channel, or `api`.' }),
  createdAt: Time('Since when this contact has it. The oldest of its kind is the one shown on top.'),
})

const contactFields = {
  id: Type.String({ description: 'Id of the contact.' }),
  firstName: OptionalText('First name.'),
  lastName: OptionalText('Last name.'),
  email: OptionalText('The first of its e-mail addresses.'),
  phoneNumber: OptionalText('The first of its phone numbers, E.164.'),
  userId: OptionalText('The first of its ids in your own system.'),
  identities: Type.Array(ContactIdentity, { description: 'Everything it is found by, oldest first.' }),
  metadata: Metadata('Of the caller.'),
  mergedIntoId: OptionalText(
    'Set while the contact is merged into this other one, which has its identities and conversations.',
  ),
  createdAt: Time('When it was created.'),
  updatedAt: Time('When it, its names, identities or metadata last changed.'),
}

/** A contact, as lists show it. */
export const Contact = Type.Object(contactFields, { $id: 'Contact', examples: [exampleContact] })
export type Contact = Static<typeof Contact>

/** A conversation of a contact, in short. */
export const ContactConversation = Type.Object({
  id: Type.String({ description: 'Id of the conversation.' }),
  agentId: Type.String({ description: 'Agent it belongs to.' }),
  channel: Type.Enum([...channels], { description: 'Where it takes place.' }),
  status: Type.Enum([...conversationStatuses], { description: 'Status of the conversation.' }),
  updatedAt: Time('Last change or message.'),
})

/** A contact that was merged into another one, and can be taken out again. */
export const MergedContact = Type.Object({
  id: Type.String({ description: 'Id of the contact that was merged in; send it to unmerge.' }),
  firstName: OptionalText('Its own first name.'),
  lastName: OptionalText('Its own last name.'),
  mergedAt: Time('When it was merged.'),
})

const exampleDetail = {
  ...exampleContact,
  conversations: [{
    id: 'cmi9q2x79b4n6m1q8s3f7h0j5', agentId: 'cmi9q2x78d2f4g6h8j0k1l3m5', channel: 'whatsapp', status: 'UNRESOLVED',
    updatedAt: '2026-03-02T10:00:00.000Z',
  }],
  mergedContacts: [],
}

/** A contact with what belongs to it. */
export const ContactDetail = Type.Object({
  ...contactFields,
  conversations: Type.Array(ContactConversation, { description: 'Its newest 50 conversations, newest first.' }),
  mergedContacts: Type.Array(MergedContact, { description: 'The newest 50 contacts merged into it, newest first.' }),
}, { $id: 'ContactDetail', examples: [exampleDetail] })
export type ContactDetail = Static<typeof ContactDetail>

/** Query of `GET /api/contacts`. */
export const ContactsQuery = PageQuery({
  search: Type.Optional(Type.String({
    maxLength: 100,
    description: 'Part of a name, an e-mail address or a userId, or a phone number in any writing. Accents and case do ' +
      'not matter in names; of several words, a name must have each.',
  })),
  email: Type.Optional(Type.String({ maxLength: 256, description: 'Exactly this e-mail address, in any case.' })),
  phoneNumber: Type.Optional(Type.String({ maxLength: 256, description: 'Exactly this phone number, in any writing.' })),
  userId: Type.Optional(Type.String({ description: 'Exactly this id of your own system.' })),
})

export const ContactsPage = Page(Contact, 'Contacts, the last changed first. Contacts merged into others are left out.')

const ContactMetadataInput = (description: string) =>
  Type.Unsafe<Record<string, unknown> | null>({ type: ['object', 'null'], additionalProperties: true, description })

/** Body of `POST /api/contacts`. */
export const NewContactBody = Type.Object({
  email: Type.Optional(OptionalText('E-mail address; compared without regard to case.')),
  phoneNumber: Type.Optional(IdInput('In any writing; national forms are read with the defaultCountry of the organization.')),
  userId: Type.Optional(IdInput("The customer's id in your own system.")),
  firstName: Type.Optional(OptionalText('First name.', { maxLength: 256 })),
  lastName: Type.Optional(OptionalText('Last name.', { maxLength: 256 })),
  metadata: Type.Optional(ContactMetadataInput('Anything of yours, at most 16 KiB as JSON.')),
}, {
  description: 'At least one of email, phoneNumber, userId, firstName and lastName.',
  examples: [{ email: 'ana@example.com', phoneNumber: '+54 9 11 5555-0000', firstName: 'Ana', metadata: { plan: 'gold' } }],
})
export type NewContactBody = Static<typeof NewContactBody>

/** Body of `PATCH /api/contacts/{id}`. */
export const ContactChangeBody = Type.Object({
  email: Type.Optional(OptionalText('Replaces the e-mail address shown; `null` removes it.')),
  phoneNumber: Type.Optional(IdInput('Replaces the phone number shown; `null` removes it.')),
  userId: Type.Optional(IdInput('Replaces the userId shown; `null` removes it.')),
  firstName: Type.Optional(OptionalText('Replaces the first name; `null` removes it.', { maxLength: 256 })),
  lastName: Type.Optional(OptionalText('Replaces the last name; `null` removes it.', { maxLength: 256 })),
  metadata: Type.Optional(ContactMetadataInput(
    'Merged into what is there, key by key; a key with `null` is removed. At most 16 KiB as JSON when merged.',
  )),
}, {
  description: 'What is absent or "" stays as it is.',
  examples: [{ email: 'ana.garcia@example.com', lastName: 'García', metadata: { plan: 'silver', trial: null } }],
})
export type ContactChangeBody = Static<typeof ContactChangeBody>

/** Body of `POST /api/contacts/{id}/merge`. */
export const MergeBody = Type.Object({
  contactId: Type.String({ minLength: 1, maxLength: 256, description: 'The contact to merge into the one of the path.' }),
}, { examples: [{ contactId: 'cmi9q2x7b1m5n7p9r3s5t7v9x' }] })

/** Body of `POST /api/contacts/{id}/unmerge`. */
export const UnmergeBody = Type.Object({
  contactId: Type.String({ minLength: 1, maxLength: 256, description: 'The contact that was merged into the one of the path.' }),
}, { examples: [{ contactId: 'cmi9q2x7b1m5n7p9r3s5t7v9x' }] })

/** Answer of `POST /api/contacts/{id}/unmerge`. */
export const UnmergeAnswer = Type.Object({
  contact: ContactDetail,
  restoredContact: ContactDetail,
}, {
  description: '`contact`: the one of the path; `restoredContact`: the one that was merged into it.',
  examples: [{
    contact: exampleDetail,
    restoredContact: {
      ...exampleDetail, id: 'cmi9q2x7b1m5n7p9r3s5t7v9x', firstName: null, lastName: null, email: null, userId: null,
      phoneNumber: '+5491155550001', metadata: {}, conversations: [], identities: [{
        kind: 'phone', value: '+5491155550001', raw: '5491155550001', origin: 'whatsapp',
        createdAt: '2026-03-01T12:00:00.000Z',
      }],
    },
  }],
})

const exampleProposal = {
  id: 'cmi9q2x7c2p4r6t8v0x2z4b6d', contactId: 'cmi9q2x7a0k3v8d1w5r6t9y2z', otherContactId: 'cmi9q2x7b1m5n7p9r3s5t7v9x',
  reason: 'contact.userId and contact.email of one message named them', createdAt: '2026-03-02T10:00:00.000Z',
}

/** Two contacts that look like one customer. */
export const MergeProposal = Type.Object({
  id: Type.String({ description: 'Id of the proposal.' }),
  contactId: Type.String({ description: 'One of the two contacts.' }),
  otherContactId: Type.String({ description: 'The other one.' }),
  reason: Type.String({ description: 'What pointed at both of them.' }),
  createdAt: Time('When this was noticed.'),
}, { examples: [exampleProposal] })

export const MergeProposalsQuery = PageQuery({})

export const MergeProposalsPage = Page(MergeProposal, 'Proposals nobody has decided on yet, newest first.')
