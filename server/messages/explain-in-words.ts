import type { Resolution } from './new-message.ts'

/** A resolution in a few sentences: which conversation and contact, by what, and every warning. */
export function explainInWords({ conversation, contact, warnings }: Resolution): string {
  const decided = conversation.decidedBy === 'repeat' ? [] : [describeContact(contact)]
  return [describeConversation(conversation), ...decided, ...warnings.map(({ message }) => message)].join(' ')
}

function describeConversation({ id, created, decidedBy, attachedKeys }: Resolution['conversation']): string {
  if (decidedBy === 'repeat') return `This message was recorded before, in conversation ${id}.`
  const keys = attachedKeys.map(({ kind, value }) => `${kind} "${value}"`).join(' and ')
  if (created) {
    const reason = decidedBy === 'new' ? 'nothing names a conversation' : `no conversation has this ${decidedBy} yet`
    return `It opens a new conversation${id ? ` (${id})` : ''}: ${reason}.${keys ? ` It will be found by ${keys}.` : ''}`
  }
  return `It reaches conversation ${id}, by ${decidedBy}.${keys ? ` From now on ${keys} leads there too.` : ''}`
}

function describeContact({ id, created, decidedBy, attachedIdentities }: Resolution['contact']): string {
  if (!decidedBy) return 'No contact is concerned.'
  const gained = attachedIdentities.map(({ kind, value }) => `${kind} ${value}`).join(' and ')
  if (created) return `It creates a contact${id ? ` (${id})` : ''} with ${gained}.`
  return `It concerns contact ${id}, by ${decidedBy}.${gained ? ` The contact gains ${gained}.` : ''}`
}
