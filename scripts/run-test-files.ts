import { suite, test } from 'node:test'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

/*
 * What a TestProcess runs: takes paths of test files from standard input, a line each, and runs them one after another
 * until it ends. Each file is a suite, so that its own hooks begin and end with it.
 */

// Imported out here, it keeps its databases and servers until the last file is done, not only for the first.
const shared = process.argv.includes('--shared') ? await import('../server/test/start-hilo.ts') : undefined

await test('files', async () => {
  for await (const path of createInterface({ input: process.stdin })) {
    await suite(path, async () => void await import(pathToFileURL(path).href))
    await shared?.stopServersWithSettings()
  }
})
