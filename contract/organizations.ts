import Type, { type Static } from 'typebox'
import { Metadata, Name, Nullable, OptionalText, Page, PageQuery, Time } from './common.ts'

/** A tenant: everything belongs to exactly one. */
export const Organization = Type.Object({
  id: Type.String({ description: 'Id of the organization; the first part of a WhatsApp `channelExternalId`.' }),
  name: Type.String({ description: 'Name for people.' }),
  defaultCountry: Nullable(Type.String({
    description: 'Country (ISO 3166, two letters) in which national phone numbers are read; `null`: they are refused.',
  })),
  createdAt: Time('When it was created.'),
  updatedAt: Time('When its name or country last changed.'),
}, {
  examples: [{
    id: 'cmi9q2x7d3q5s7u9w1y3a5c7e', name: 'Ferretería Sur', defaultCountry: 'AR',
    createdAt: '2026-03-01T12:00:00.000Z', updatedAt: '2026-03-01T12:00:00.000Z',
  }],
})
export type Organization = Static<typeof Organization>

/** Body of `PATCH /api/organization`. */
export const OrganizationChange = Type.Object({
  name: Type.Optional(Name('Name for people.')),
  defaultCountry: Type.Optional(OptionalText(
    'Country in two capital letters (ISO 3166), such as AR, in which national phone numbers are read; `null`: none.',
  )),
}, { description: 'What is absent stays as it is.', examples: [{ defaultCountry: 'AR' }] })
export type OrganizationChange = Static<typeof OrganizationChange>

/** One line of the audit log. */
export const AuditEntry = Type.Object({
  id: Type.String({ description: 'Id of the entry.' }),
  actor: Type.String({ description: 'Id of the API key that asked, or `cli`, or `first start`.' }),
  action: Type.String({ description: 'What was done, such as `api_key.created` or `contact.merged`.' }),
  subject: Type.String({ description: 'Id of what was changed.' }),
  details: Metadata('What else is to be known about it.'),
  createdAt: Time('When it was done.'),
}, {
  examples: [{
    id: 'cmi9q2x7e4r6t8v0x2z4b6d8f', actor: 'first start', action: 'api_key.created',
    subject: 'cmi9q2x7f5s7u9w1y3a5c7e9g', details: { name: 'first key', scopes: ['admin'], expiresAt: null },
    createdAt: '2026-03-01T12:00:00.000Z',
  }],
})
export type AuditEntry = Static<typeof AuditEntry>

export const AuditLogQuery = PageQuery({})
export type AuditLogQuery = Static<typeof AuditLogQuery>

export const AuditLogPage = Page(AuditEntry, 'Entries of the audit log, newest first.')
export type AuditLogPage = Static<typeof AuditLogPage>
