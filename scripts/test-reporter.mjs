import { writeSync } from 'node:fs'
import { inspect } from 'node:util'

/**
 * Reporter for one test file: writes what happens to file descriptor 3, a JSON line each and at once, so that nothing
 * is lost when the file hangs or crashes. A line is { state, name, detail? }, with 'started', 'passed', 'failed',
 * 'skipped' or 'ended' as state; a suite, or a test that failed only by one inside it, is 'ended': it does not count.
 */
export default async function report(events) {
  const path = []
  for await (const { type, data } of events) {
    if (!['test:start', 'test:pass', 'test:fail'].includes(type)) continue
    path.length = data.nesting
    path.push(data.name)
    const state = stateOf(type, data)
    const detail = state === 'failed' ? detailOf(data) : undefined
    writeSync(3, `${JSON.stringify({ state, name: path.join(' › '), detail })}\n`)
  }
}

function stateOf(type, { skip, todo, details }) {
  if (type === 'test:start') return 'started'
  if (skip !== undefined || todo !== undefined) return 'skipped'
  if (details.error?.failureType === 'subtestsFailed') return 'ended'
  if (type === 'test:fail') return 'failed'
  return details.type === 'suite' ? 'ended' : 'passed'
}

function detailOf({ details, file, line }) {
  const cause = details.error.cause ?? details.error
  return `at ${file}:${line}\n${typeof cause === 'string' ? cause : inspect(cause, { depth: 10 })}`
}
