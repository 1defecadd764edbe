import type { Config } from '../config.ts'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { hashApiKey } from './api-key-secret.ts'

type Bootstrap = Pick<Config, 'bootstrapOrganizationId' | 'bootstrapAgentId' | 'bootstrapApiKey'>

/**
 * Settings for the first start that come too late: the database has an organization, but not what they name. Somebody
 * who expects those ids or that key to work should hear of it.
 * @returns the names of the environment variables.
 */
export function findIgnoredBootstrap(db: Database, config: Bootstrap): Promise<string[]> {
  const { bootstrapOrganizationId, bootstrapAgentId, bootstrapApiKey } = config
  return asOwner(db, async (tx) => {
    const ignored: string[] = []
    const organization = tx.selectFrom('organizations').select('id').where('id', '=', bootstrapOrganizationId ?? '')
    const agent = tx.selectFrom('agents').select('id').where('id', '=', bootstrapAgentId ?? '')
    const key = tx.selectFrom('api_keys').select('id').where('hash', '=', hashApiKey(bootstrapApiKey ?? ''))
    if (bootstrapOrganizationId && !await organization.executeTakeFirst()) ignored.push('HILO_BOOTSTRAP_ORGANIZATION_ID')
    if (bootstrapAgentId && !await agent.executeTakeFirst()) ignored.push('HILO_BOOTSTRAP_AGENT_ID')
    if (bootstrapApiKey && !await key.executeTakeFirst()) ignored.push('HILO_BOOTSTRAP_API_KEY')
    return ignored
  })
}
