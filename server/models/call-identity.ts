/** Who a tool is called for, as Hilo knows it: neither the model nor the agent's settings decide any of it. */
export interface CallIdentity {
  agentId: string
  conversationId: string
  /** `null`: nobody knows who the customer is. */
  contactId: string | null
}

/** Also with the `_` that some servers take for a `-`. */
const ownName = /^x[-_]hilo[-_]/i

/** Whether only Hilo may set this header of a tool. */
export function isIdentityHeader(name: string): boolean {
  return ownName.test(name)
}

/** Adds the headers that say who it is for, in place of any that go by such a name. */
export function addIdentity(
  headers: Record<string, string>, { agentId, conversationId, contactId }: CallIdentity,
): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(headers).filter(([name]) => !isIdentityHeader(name))),
    'x-hilo-agent-id': agentId,
    'x-hilo-conversation-id': conversationId,
    ...(contactId !== null && { 'x-hilo-contact-id': contactId }),
  }
}
