import type { Command } from 'commander'
import { createId } from '../database/create-id.ts'
import { asOwner } from '../database/transactions.ts'
import { recordAudit } from '../organizations/audit.ts'
import { readOrganization } from '../organizations/change-organization.ts'
import { createOrganization } from '../organizations/create-organization.ts'
import { listOrganizations } from './find-organization.ts'
import { readCountry, readNewId, withJson, withName } from './options.ts'
import { type Answer, type OutputOptions, print } from './print.ts'
import { formatTable } from './table.ts'
import { withDatabase } from './with-database.ts'

interface CreateOptions extends OutputOptions {
  name: string
  id?: string
  defaultCountry?: string
}

/** `hilo organizations`: tenants, which only the command line can create. */
export function addOrganizations(program: Command): void {
  const organizations = program.command('organizations').description('tenants: list, create')

  withJson(organizations.command('list').description('show every organization'))
    .action((options: OutputOptions) => print(options, list))

  withJson(withName(organizations.command('create').description('create an organization'), 'organization'))
    .option('--id <id>', 'its id, for an installation that moves here; made up when left out', readNewId)
    .option('--default-country <country>', 'reads national phone numbers as of it, such as AR', readCountry)
    .action((options: CreateOptions) => print(options, () => create(options)))
}

const ofOwnOnly = 'ask it for the organization of an API key at GET /api/organization'

function list(): Promise<Answer> {
  return withDatabase({ instead: ofOwnOnly }, async ({ db }) => {
    const items = await asOwner(db, listOrganizations)
    const rows = items.map(({ id, name, defaultCountry, createdAt }) =>
      [id, name, defaultCountry ?? '-', createdAt])
    const none = 'There is no organization yet. Make one: npx hilo organizations create --name "My company"'
    return { data: { items }, text: rows.length ? formatTable(['ID', 'NAME', 'COUNTRY', 'CREATED'], rows) : none }
  })
}

function create({ name, id = createId(), defaultCountry }: CreateOptions): Promise<Answer> {
  const use = { instead: 'set HILO_DATABASE_URL to a PostgreSQL that several processes can share', mayCreate: true }
  return withDatabase(use, async ({ db }) => {
    const organization = await asOwner(db, async (tx) => {
      await createOrganization(tx, { id, name, defaultCountry })
      const details = { name, defaultCountry: defaultCountry ?? null }
      await recordAudit(tx, { organizationId: id, actor: 'cli', action: 'organization.created', subject: id, details })
      return readOrganization(tx, id)
    })
    const next = `Next: npx hilo agents create --organization ${id} --name "My agent"`
    return { data: organization, text: `Created organization ${id} (${name}).\n${next}` }
  })
}
