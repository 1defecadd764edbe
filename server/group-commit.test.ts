import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGroupCommit } from './group-commit.ts'

/** Batches that end when the test says so. */
function createBatches() {
  const batches: { items: number[], end: () => void, fail: (error: Error) => void }[] = []
  const run = (items: number[]) => new Promise<number[]>((resolve, reject) => {
    batches.push({ items, end: () => resolve(items.map((item) => item * 10)), fail: reject })
  })
  return { batches, run }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Some turns of the event loop in which nothing comes. */
async function soon(): Promise<void> {
  for (let turns = 0; turns < 4; turns += 1) await turn()
}

test('a call that finds nothing running goes at once; those that come meanwhile form the next batch', async () => {
  const { batches, run } = createBatches()
  const group = createGroupCommit(run, 100)
  const first = group.submit([1])
  await soon()
  const others = [group.submit([2, 3]), group.submit([4])]
  await soon()
  assert.deepEqual(batches.map(({ items }) => items), [[1]])
  assert.equal(group.waiting, 3)
  batches[0]!.end()
  assert.deepEqual(await first, [10])
  await soon()
  assert.deepEqual(batches[1]!.items, [2, 3, 4])
  assert.equal(group.waiting, 0)
  batches[1]!.end()
  assert.deepEqual(await Promise.all(others), [[20, 30], [40]])
})

test('calls that come turn by turn go together, also when nothing runs', async () => {
  const { batches, run } = createBatches()
  const group = createGroupCommit(run, 4)
  const calls = []
  for (const item of [1, 2, 3, 4, 5]) {
    calls.push(group.submit([item]))
    await turn()
  }
  await soon()
  assert.deepEqual(batches.map(({ items }) => items), [[1, 2, 3, 4]])
  batches[0]!.end()
  await soon()
  batches[1]!.end()
  assert.deepEqual(await Promise.all(calls), [[10], [20], [30], [40], [50]])
})

test('a batch stops at its size, but never tears a call apart', async () => {
  const { batches, run } = createBatches()
  const group = createGroupCommit(run, 3)
  const calls = [[1, 1], [2, 3], [4, 5], [6, 7, 8, 9], [10]].map((items) => group.submit(items))
  for (let done = 0; done < 5; done += 1) {
    await soon()
    batches.at(-1)!.end()
  }
  await Promise.all(calls)
  assert.deepEqual(batches.map(({ items }) => items), [[1, 1], [2, 3], [4, 5], [6, 7, 8, 9], [10]])
})

test('a batch that fails fails its calls, and the next one runs', async () => {
  const { batches, run } = createBatches()
  const group = createGroupCommit(run, 100)
  const first = group.submit([1])
  await soon()
  const second = group.submit([2])
  batches[0]!.fail(new Error('no'))
  await assert.rejects(first, /no/)
  await soon()
  batches[1]!.end()
  assert.deepEqual(await second, [20])
})

test('close waits for what is in flight and for what waits behind it', async () => {
  const { batches, run } = createBatches()
  const group = createGroupCommit(run, 100)
  const calls = [group.submit([1])]
  await soon()
  calls.push(group.submit([2]))
  let isClosed = false
  const closed = group.close().then(() => { isClosed = true })
  batches[0]!.end()
  await soon()
  assert.equal(isClosed, false)
  batches[1]!.end()
  await closed
  await Promise.all(calls)
})
