import type { ApiKey } from '@hilo/contract'
import { type Command, Option } from 'commander'
import { createApiKey } from '../organizations/create-api-key.ts'
import { listApiKeys, readApiKey } from '../organizations/list-api-keys.ts'
import { revokeApiKey } from '../organizations/revoke-api-key.ts'
import { type Scope, scopes } from '../organizations/scopes.ts'
import { inNamedOrganization, type OrganizationOptions } from './in-organization.ts'
import { again, readExpiry, readScopes, withJson, withName, withOrganization } from './options.ts'
import { type Answer, print } from './print.ts'
import { readAllPages } from './read-all-pages.ts'
import { formatTable } from './table.ts'

interface CreateOptions extends OrganizationOptions {
  name: string
  scopes: Scope[]
  expires?: Date
}

const usualScopes: Scope[] = ['messages:write', 'history:read']

/** `hilo keys`: the API keys of an organization. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('API keys of an organization: list, create, revoke')

  withJson(withOrganization(keys.command('list').description('show the API keys of an organization, not the secrets')))
    .action((options: OrganizationOptions) => print(options, () => list(options)))

  const creating = keys.command('create').description('create an API key and show it, this once')
  withJson(withOrganization(withName(creating, 'key: who or what uses it')))
    .addOption(new Option('--scopes <list>', `what it may do, separated by commas: ${scopes.join(', ')} (all of these)`)
      .argParser(readScopes).default(usualScopes, usualScopes.join(',')))
    .option('--expires <when>', 'when it ends: 90d (days from now), 2030-01-31 (UTC) or ISO 8601; else never', readExpiry)
    .action((options: CreateOptions) => print(options, () => create(options)))

  withJson(withOrganization(keys.command('revoke').description('end an API key for good')))
    .argument('<id>', 'id of the key, as "hilo keys list" shows it')
    .action((id: string, options: OrganizationOptions) => print(options, () => revoke(id, options)))
}

function list(options: OrganizationOptions): Promise<Answer> {
  const instead = 'ask it at GET /api/api-keys with an API key that has the scope admin'
  return inNamedOrganization(options, instead, async (tx, organizationId) => {
    const items = await readAllPages((query) => listApiKeys(tx, organizationId, query))
    const rows = items.map((key) => [
      key.id, key.name, `${key.prefix}…`, describeState(key), key.lastUsedAt ?? '-', key.scopes.join(','),
    ])
    const none = `There is no API key in organization ${organizationId} yet. Make one: npx hilo keys create ${again(options)}--name n8n`
    return {
      data: { organizationId, items },
      text: rows.length ? formatTable(['ID', 'NAME', 'KEY', 'STATE', 'LAST USED', 'SCOPES'], rows) : none,
    }
  })
}

function describeState({ revokedAt, expiresAt }: ApiKey): string {
  if (revokedAt) return 'revoked'
  if (!expiresAt) return 'valid'
  return Date.parse(expiresAt) <= Date.now() ? 'expired' : `valid until ${expiresAt}`
}

function create({ organization, name, scopes: wanted, expires }: CreateOptions): Promise<Answer> {
  const instead = 'use its route POST /api/api-keys with an API key that has the scope admin'
  return inNamedOrganization({ organization }, instead, async (tx, organizationId) => {
    const { id, key } = await createApiKey(tx, { organizationId, name, scopes: wanted, expiresAt: expires, actor: 'cli' })
    return {
      data: { organizationId, ...await readApiKey(tx, organizationId, id), key },
      text: [
        `Created API key ${id} (${name}) in organization ${organizationId}.`,
        `Scopes:  ${wanted.join(', ')}`,
        `Expires: ${expires?.toISOString() ?? 'never'}`,
        `Key:     ${key}`,
        'Copy the key now: it is not stored and cannot be shown again.',
      ].join('\n'),
    }
  })
}

function revoke(id: string, { organization }: OrganizationOptions): Promise<Answer> {
  const instead = 'use its route DELETE /api/api-keys/{id} with an API key that has the scope admin'
  return inNamedOrganization({ organization }, instead, async (tx, organizationId) => {
    await revokeApiKey(tx, { organizationId, id, actor: 'cli' })
    const key = await readApiKey(tx, organizationId, id)
    return {
      data: { organizationId, ...key },
      text: `Revoked API key ${id} (${key.name}). Running servers refuse it within 5 seconds.`,
    }
  })
}
