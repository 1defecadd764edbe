import { writeSync } from 'node:fs'
import { inspect } from 'node:util'

/**
 * Reporter for run-test-files.ts: writes what happens to file descriptor 3, a JSON line each and at once, so that
 * nothing is lost when a file hangs or crashes. Lines are { state, name, detail? }:
 * 'begun' and 'done' as it runs, 'passed', 'failed' or 'skipped' for what counts, 'complete' when all of a file is
 * reported, 'stray' for an error thrown outside of any test.
 */
export default async function* report(events) {
  const path = []
  for await (const { type, data } of events) {
    // Errors thrown outside of any test come as mere remarks; the other remarks are totals.
    if (type === 'test:diagnostic' && /^(Error|Warning): /.test(data.message)) write('stray', data.message)
    if (data.nesting === undefined || data.nesting < fileNesting) continue
    if (type === 'test:dequeue') write('begun', data.name)
    if (type === 'test:complete') write('done', data.name)
    if (!['test:start', 'test:pass', 'test:fail'].includes(type)) continue
    path.length = data.nesting
    path.push(data.name)
    if (type !== 'test:start') writeResult(type, data, path.slice(fileNesting + 1).join(' › ') || data.name)
    if (type !== 'test:start' && data.nesting === fileNesting) write('complete', data.name)
  }
}

/** A file is a suite in one great test. */
const fileNesting = 1

function writeResult(type, { skip, todo, details, file, line }, name) {
  if (skip !== undefined || todo !== undefined) return write('skipped', name)
  // A parent that failed only by a test inside it, and a suite: what they hold counts.
  if (details.error?.failureType === 'subtestsFailed') return
  if (type === 'test:fail') return write('failed', name, `at ${file}:${line}\n${explain(details.error)}`)
  if (details.type !== 'suite') write('passed', name)
}

function explain(error) {
  const cause = error.cause ?? error
  const text = typeof cause === 'string' ? cause : inspect(cause, { depth: 10 })
  return text.replace(/\n +at .*\(?node:[^)\n]*\)?/g, '')
}

function write(state, name, detail) {
  writeSync(3, `${JSON.stringify({ state, name, detail })}\n`)
}
