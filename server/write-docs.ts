import { readFileSync, writeFileSync } from 'node:fs'
import { settingsTable } from './config-docs.ts'
import { eventsReference } from './events/events-reference.ts'
import { errorsTable } from './http/errors-table.ts'

/** Rewrites what stands between `<!-- name -->` and `<!-- /name -->` in a document of the project. */
function rewrite(path: string, name: string, text: string): void {
  const file = new URL(`../${path}`, import.meta.url)
  const before = readFileSync(file, 'utf8')
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`]
  const [head, rest] = before.split(start)
  const tail = rest?.split(end)[1]
  if (tail === undefined) throw new Error(`${path} lacks the marks ${start.trim()} and ${end}.`)
  writeFileSync(file, `${head}${start}${text}\n${end}${tail}`)
}

// `npm run docs`: the tables that are made from the code.
rewrite('docs/errors.md', 'errors', errorsTable())
rewrite('docs/events.md', 'events', eventsReference())
rewrite('README.md', 'settings', settingsTable())
