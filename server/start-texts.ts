import type { OpenDatabase } from './database/open.ts'
import type { FirstOrganization } from './organizations/create-first-organization.ts'

export interface Started {
  url: string
  database: Pick<OpenDatabase, 'kind' | 'location'>
  first: FirstOrganization | undefined
  /** Settings for a first start that had no effect, since this is a later one. */
  ignored: readonly string[]
  /** Variables that look like settings of ours and are none. */
  unknown: readonly string[]
}

const row = (name: string, value: string): string => `  ${name.padEnd(14)}${value}`

/** In single quotes for a shell. */
const quote = (text: string): string => `'${text.replaceAll('\'', '\'\\\'\'')}'`

function describeData({ kind, location }: Started['database']): string {
  return kind === 'pglite' ? `${location} (embedded database)` : location
}

/** A request that works as it is pasted into a shell; a key that was given is not shown, so its place is named. */
function exampleRequest(url: string, { agentId, key }: FirstOrganization): string[] {
  return [
    key ? 'Record a first message:' : 'Record a first message, with your key in the place of YOUR_API_KEY:',
    '',
    `  curl ${quote(`${url}/api/agents/${encodeURIComponent(agentId)}/query-agent`)} \\`,
    `    -H "Authorization: Bearer ${key ?? 'YOUR_API_KEY'}" \\`,
    '    -H "Content-Type: application/json" \\',
    '    -d \'{"query": "Hello from my agent"}\'',
    '',
  ]
}

/** What the first start created; the key is to be read here and nowhere else. */
export function describeFirst({ organizationId, agentId, key }: FirstOrganization): string[] {
  return [
    row('Organization', organizationId),
    row('Agent', agentId),
    row('API key', key ? `${key}   (shown only this once: keep it)` : 'the one given in HILO_BOOTSTRAP_API_KEY'),
  ]
}

function describeNewKey({ kind }: Started['database']): string {
  const command = 'npx hilo keys create --name "new key" --scopes admin'
  return `Need a key? ${command}${kind === 'pglite' ? ' (stop Hilo first: the embedded database serves one)' : ''}`
}

function warnings({ ignored, unknown }: Pick<Started, 'ignored' | 'unknown'>): string[] {
  const lines = []
  if (ignored.length > 0) {
    lines.push(`Ignored: ${ignored.join(', ')}. The database had an organization already; these count at the first start `
      + 'only. Use an empty database, or create what you need with npx hilo.')
  }
  if (unknown.length > 0) lines.push(`Unknown settings, ignored: ${unknown.join(', ')}. The README lists all there are.`)
  return lines.length > 0 ? [...lines, ''] : []
}

/** What the person at the terminal reads when Hilo is up. */
export function describeStart({ url, database, first, ignored, unknown }: Started): string {
  return [
    `Hilo is running at ${url}`,
    '',
    ...(first ? describeFirst(first) : []),
    row('Data', describeData(database)),
    row('API reference', `${url}/docs`),
    '',
    ...(first ? exampleRequest(url, first) : [describeNewKey(database), '']),
    ...warnings({ ignored, unknown }),
    'Stop it with Ctrl-C. The lines below are its log, as JSON.',
  ].join('\n')
}
