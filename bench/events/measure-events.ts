import type { Bench } from '../bench.ts'
import { whole } from '../table.ts'
import type { EventOptions } from './event-options.ts'
import { runScenario, type Scenario, type ScenarioResult } from './scenario.ts'

const nobody = { readers: 0, endpoints: 0, hanging: 0 }

/** Everything that is measured over one database. */
function planScenarios(database: Scenario['database'], options: EventOptions, organizations: number): Scenario[] {
  const { rate, readers, endpoints, hanging } = options
  const listed: Omit<Scenario, 'database'>[] = [
    { part: 'stream', title: `${whole(readers)} readers of the stream`, ...nobody, rate, readers },
    { part: 'webhooks', title: `${whole(endpoints)} webhook endpoints`, ...nobody, rate, endpoints },
    {
      part: 'webhooks', title: `the same, and ${whole(hanging)} beside them that hang`, ...nobody, rate, endpoints, hanging,
    },
    { part: 'write', title: 'nobody listens', ...nobody },
    { part: 'write', title: 'a reader in each organization', ...nobody, readers: organizations },
    { part: 'write', title: `${whole(readers)} readers`, ...nobody, readers },
    { part: 'write', title: 'a webhook endpoint', ...nobody, endpoints: 1 },
    { part: 'write', title: 'a webhook endpoint, and one that hangs', ...nobody, endpoints: 1, hanging: 1 },
    { part: 'write', title: 'nobody listens, again', ...nobody },
  ]
  return listed.filter(({ part }) => options.parts.includes(part)).map((scenario) => ({ ...scenario, database }))
}

/** Measures how soon events reach those who listen, and what that costs those who record. */
export async function measureEvents(
  bench: Bench, options: EventOptions, say: (line: string) => void,
): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = []
  for (const name of bench.options.only) {
    const database = name === 'e' ? 'pglite' : 'postgres'
    for (const scenario of planScenarios(database, options, bench.options.organizations)) {
      say(`${database}, ${scenario.part}: ${scenario.title}…`)
      results.push(await runScenario(bench, scenario))
    }
  }
  return results
}
