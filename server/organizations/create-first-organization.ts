import { sql } from 'kysely'
import { createAgent } from '../agents/create-agent.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/schema.ts'
import { asOwner } from '../database/transactions.ts'
import { createApiKey } from './create-api-key.ts'
import { createOrganization } from './create-organization.ts'
import { scopes } from './scopes.ts'

/** What the first start created. */
export interface FirstOrganization {
  organizationId: string
  agentId: string
  /** Undefined when it was given in HILO_BOOTSTRAP_API_KEY: it is not to be printed. */
  key: string | undefined
}

type Bootstrap = Pick<
  Config, 'bootstrapOrganizationId' | 'bootstrapAgentId' | 'bootstrapApiKey' | 'bootstrapDefaultCountry'
>

/** Any number will do, as long as nothing else takes it: "hilo" in ASCII. */
const advisoryLock = 0x68696c6f

/**
 * Creates an organization, an agent and an API key with every scope, if the database has no organization yet. Of
 * several processes that start at once, one does it.
 * @returns undefined when there was one.
 */
export function createFirstOrganization(db: Database, config: Bootstrap): Promise<FirstOrganization | undefined> {
  return asOwner(db, async (tx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(advisoryLock)})`.execute(tx)
    if (await tx.selectFrom('organizations').select('id').limit(1).executeTakeFirst()) return undefined
    const organizationId = await createOrganization(tx, {
      id: config.bootstrapOrganizationId, name: 'My organization', defaultCountry: config.bootstrapDefaultCountry,
    })
    const agentId = await createAgent(tx, { organizationId, id: config.bootstrapAgentId, name: 'My agent' })
    const given = config.bootstrapApiKey
    const { key } = await createApiKey(tx, {
      organizationId, name: 'First key', scopes, key: given, actor: 'first start',
    })
    return { organizationId, agentId, key: given === undefined ? key : undefined }
  })
}
