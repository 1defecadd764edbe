import { readExecutedNames, readMigrationStates } from '../../database/migrate.ts'
import type { Database } from '../../database/schema.ts'
import { describeLack, letServe, readServingRole } from '../../database/serving-role.ts'
import type { Check } from './check.ts'

const name = 'migrations'

/** Whether the database is set up, and for this version of Hilo. `isUsable`: it has our tables. */
export async function checkMigrations(db: Database): Promise<{ check: Check, isUsable: boolean }> {
  const states = await readMigrationStates(db)
  const run = states.filter(({ executedAt }) => executedAt)
  const pending = states.filter(({ executedAt }) => !executedAt).map((state) => state.name)
  const known = states.map((state) => state.name)
  const unknown = (await readExecutedNames(db)).filter((one) => !known.includes(one))
  if (unknown.length > 0) {
    const message = `A newer Hilo has changed this database (${unknown.join(', ')}).`
    return { check: { name, state: 'FAIL', message, hint: 'Update this Hilo: it will not start on it.' }, isUsable: false }
  }
  if (run.length === 0) return { check: await checkEmpty(db), isUsable: false }
  if (pending.length > 0) {
    const message = `${pending.length} pending: ${pending.join(', ')}.`
    return { check: { name, state: 'WARN', message, hint: 'The next start runs them; make a backup first.' }, isUsable: true }
  }
  const last = run.at(-1)!
  const message = `Up to date: ${last.name}, run on ${last.executedAt!.toISOString()}.`
  return { check: { name, state: 'OK', message }, isUsable: true }
}

/** Whether the first start will be able to set the database up. */
async function checkEmpty(db: Database): Promise<Check> {
  const role = await readServingRole(db)
  if (!role.mayUse) {
    return { name, state: 'FAIL', message: `The database is empty, and ${describeLack(role)}`, hint: letServe(role) }
  }
  const hint = 'The first start sets it up. If Hilo has run before, the settings point to the wrong one.'
  return { name, state: 'WARN', message: 'The database is empty.', hint }
}
