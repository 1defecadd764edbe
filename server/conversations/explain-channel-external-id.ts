import { parseWhatsAppAddress, type WhatsAppAddress } from '../contacts/parse-whatsapp-address.ts'
import type { ChannelExternalIdContext } from './parse-channel-external-id.ts'
import { didYouMean, quote, refuse, type Refused } from './refusal.ts'

const separators = /^[\s_.:/|,;-]*/

/** Why a value is not `{organizationId}_{agentId}_{telephoneNumber}`, with the whole right id where it can be told. */
export function explainChannelExternalId(value: string, context: ChannelExternalIdContext): Refused {
  const { organizationId, pathAgentId } = context
  const refuseAs = (why: string, hint?: string) => refuse(`channelExternalId ${quote(value)} ${why}.`, hint)
  const read = (phone: string) => parseWhatsAppAddress(phone, context)
  const correction = (address: WhatsAppAddress) => didYouMean(completeId(address, context))

  const bare = read(value)
  if (bare.ok) return refuseAs('is a phone without the organization and the agent in front', correction(bare))
  const afterOrganization = withoutPart(value, organizationId)
  const afterBoth = withoutPart(afterOrganization ?? value, pathAgentId)
  const last = read(afterBoth ?? afterOrganization ?? value)
  if (!last.ok) return refuseAs(...explainParts(value, context))
  if (afterOrganization === undefined) return refuseAs('lacks the organization id in front', correction(last))
  if (afterBoth === undefined) return refuseAs('lacks the agent id in the middle', correction(last))
  return refuseAs('must join its three parts by single underscores, the ids written as they are', correction(last))
}

function explainParts(value: string, { organizationId, pathAgentId }: ChannelExternalIdContext): [string, string?] {
  const form = `The form is {organizationId}_{agentId}_{telephoneNumber}: "${organizationId}_${pathAgentId}_" and the phone.`
  const isOwn = value.toLowerCase().startsWith(organizationId.toLowerCase())
  if (isOwn) return ['lacks the agent id, the phone, or an underscore between them', form]
  if (value.split('_').length < 3) return ['has fewer than three parts', form]
  return [`names an organization that is not the API key's own; "${organizationId}" was expected in front`]
}

/** The id as it should have been sent, with the phone as a WhatsApp id (digits, no plus). */
function completeId({ kind, value }: WhatsAppAddress, context: ChannelExternalIdContext): string {
  return `${context.organizationId}_${context.pathAgentId}_${kind === 'phone' ? value.slice(1) : value}`
}

/** What follows a part and its separators, in whatever case they are written. */
function withoutPart(value: string, part: string): string | undefined {
  if (!value.toLowerCase().startsWith(part.toLowerCase())) return undefined
  return value.slice(part.length).replace(separators, '')
}
