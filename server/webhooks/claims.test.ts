import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { sql } from 'kysely'
import type { OpenDatabase } from '../database/open.ts'
import { type Hilo, skipWithout, startAlone } from '../test/start-hilo.ts'
import { openTestDatabase } from '../test/test-databases.ts'
import { startReceiver } from '../test/webhook-receiver.ts'
import { countWaiting, createEndpoint, say, until, webhookTimes } from '../test/webhooks.ts'

const claimMs = 4_000

/** The jobs of an organization that are worked on. */
const activeJobs = ({ organizationId }: Hilo) => sql`
  hilo_jobs.job where name = 'webhook_deliveries' and state = 'active' and data->>'organizationId' = ${organizationId}
`

describe('webhooks of two processes over one PostgreSQL', skipWithout('postgres'), () => {
  let database: OpenDatabase
  before(async () => {
    database = await openTestDatabase('postgres')
  })
  after(() => database.close())

  /** One of two servers has begun to send a message to a receiver that does not answer. */
  async function beginAttempt(t: TestContext) {
    const times = { ...webhookTimes, timeoutMs: 60_000, claimMs }
    const hilo = await startAlone(t, database, { webhookTimes: times })
    await startAlone(t, database, { webhookTimes: times })
    const receiver = await startReceiver(t, (_, index) => (index === 0 ? {} : { status: 204 }))
    await createEndpoint(hilo, { url: receiver.url, eventTypes: ['message.created'] })
    await say(hilo, 'one', '1')
    await receiver.waitFor(1)
    return { hilo, receiver }
  }

  test('an attempt is its process\'s alone as long as that lives, however long it takes', async (t) => {
    const { hilo, receiver } = await beginAttempt(t)
    await until(() => hilo.asOwner(async (tx) => {
      const { rows } = await sql<{ isOld: boolean }>`
        select heartbeat_on > started_on + make_interval(secs => ${claimMs / 1000}) as "isOld" from ${activeJobs(hilo)}
      `.execute(tx)
      assert.equal(rows.length, 1)
      return rows[0]!.isOld
    }), (isOld) => isOld)
    assert.equal(receiver.received.length, 1)
  })

  test('what a process had begun that gives no sign of life any more is done by another', async (t) => {
    const { hilo, receiver } = await beginAttempt(t)
    await hilo.asOwner((tx) => sql`
      with silent as (select id from ${activeJobs(hilo)})
      update hilo_jobs.job set heartbeat_on = now() - interval '1 hour' where id in (select id from silent)
    `.execute(tx))
    const [first, second] = await receiver.waitFor(2)
    assert.equal(second!.event.id, first!.event.id)
    await until(() => countWaiting(hilo), (count) => count === 0)
  })
})
