import type { Decisions } from './append-message.ts'
import type { NewMessage, Resolution } from './new-message.ts'

/** Tells what was decided about a message and why; called before the decisions are carried out. */
export function explain(message: NewMessage, { resolved, associated }: Decisions): Resolution {
  const { conversation, decidedBy, newKeys } = resolved
  const { contact, newIdentities } = associated
  return {
    conversation: {
      id: conversation.id,
      created: conversation.isNew && conversation.lastSeq === 0,
      decidedBy,
      attachedKeys: newKeys.map(({ kind, value }) => ({ kind, value })),
    },
    contact: {
      ...(contact ? { id: contact.id, decidedBy: associated.decidedBy } : {}),
      created: contact !== undefined && contact.isNew && contact.kinds.size === 0,
      attachedIdentities: newIdentities.map(({ kind, value }) => ({ kind, value })),
    },
    warnings: [...message.warnings, ...resolved.warnings, ...associated.warnings],
  }
}

/** Of a dry run: ids that were only made up for the decision stand for nothing and are left out. */
export function withoutPlannedIds({ conversation, contact, warnings }: Resolution): Resolution {
  return {
    conversation: { ...conversation, id: conversation.created ? undefined : conversation.id },
    contact: { ...contact, id: contact.created ? undefined : contact.id },
    warnings,
  }
}
