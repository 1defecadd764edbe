import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { FolderInUseError, lockDataFolder } from './data-folder-lock.ts'

const script = fileURLToPath(new URL('../test/lock-folders.ts', import.meta.url))
const left = JSON.stringify({ pid: 2 ** 30, startTime: '1' })

function makeFolder(...leftOver: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilo-lock-'))
  for (const name of leftOver) writeFileSync(join(folder, name), left)
  return folder
}

/** @returns whether it got the folder. */
async function lockIn(child: ChildProcess, order: { folder: string, atMs: number }): Promise<boolean> {
  child.send(order)
  const [hasIt] = await once(child, 'message') as [boolean]
  return hasIt
}

test('a folder is taken once, and given back whole', (t) => {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true }))
  const unlock = lockDataFolder(folder)
  assert.throws(() => lockDataFolder(folder), (error) => error instanceof FolderInUseError && error.pid === process.pid)
  unlock()
  assert.deepEqual(readdirSync(folder), [])
})

test('what killed processes left is taken over: a lock, a broken one, and the right to remove one', (t) => {
  for (const leftOver of [['hilo.lock'], ['hilo.lock', 'hilo.lock.removing', 'hilo.lock.removing.removing']]) {
    const folder = makeFolder(...leftOver)
    t.after(() => rmSync(folder, { recursive: true }))
    lockDataFolder(folder)()
    writeFileSync(join(folder, 'hilo.lock'), '')
    lockDataFolder(folder)()
  }
})

test('of processes that find the lock of a killed one at the same time, one gets the folder', async (t) => {
  const folder = makeFolder()
  const children = Array.from({ length: 3 }, () => fork(script))
  t.after(() => {
    for (const child of children) child.kill()
    rmSync(folder, { recursive: true })
  })
  await Promise.all(children.map((child) => once(child, 'message')))
  for (let round = 0; round < 60; round += 1) {
    const one = join(folder, String(round))
    mkdirSync(one)
    writeFileSync(join(one, 'hilo.lock'), left)
    const order = { folder: one, atMs: performance.timeOrigin + performance.now() + 5 }
    const answers = await Promise.all(children.map((child) => lockIn(child, order)))
    assert.equal(answers.filter(Boolean).length, 1, `round ${round}`)
  }
})
