import { randomBytes } from 'node:crypto'

/** A new secret as Standard Webhooks writes it: `whsec_` and the base64 of 32 random bytes. */
export function createWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** Whose a secret is, for its encryption: a row copied to another endpoint opens nothing. */
export function secretOwner(organizationId: string, endpointId: string): string {
  return `${organizationId}/${endpointId}`
}
