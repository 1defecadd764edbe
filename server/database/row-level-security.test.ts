import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type RawBuilder, sql } from 'kysely'
import { createContact, mergeContacts } from '../test/contacts.ts'
import { record } from '../test/query-agent.ts'
import { findTenantTables } from '../test/rows.ts'
import { databases, type Hilo, skipWithout, startHilo } from '../test/start-hilo.ts'
import { createId } from './create-id.ts'
import type { Transaction } from './schema.ts'
import { asOwner, inOrganization } from './transactions.ts'

interface Table {
  name: string
  /** The column that says whose a row is. */
  owner: string
}

async function findTables(hilo: Hilo): Promise<Table[]> {
  const names = await hilo.asOwner(findTenantTables)
  return [...names.map((name) => ({ name, owner: 'organization_id' })), { name: 'organizations', owner: 'id' }]
}

/** SQL for all columns that a statement may write. */
async function listColumns(hilo: Hilo, table: string): Promise<RawBuilder<unknown>> {
  const { rows } = await hilo.asOwner((tx) => sql<{ name: string }>`
    select attname as name from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped and attgenerated = ''
  `.execute(tx))
  return sql.join(rows.map(({ name }) => sql.ref(name)))
}

/** A row or more in every table there is. */
async function fill(hilo: Hilo): Promise<void> {
  const headers = { 'idempotency-key': 'k1' }
  await record(hilo, { conversationId: 'one', contact: { userId: 'u1' } }, { headers })
  await record(hilo, { conversationId: 'two', contact: { email: 'ana@example.com' } })
  await record(hilo, { contact: { userId: 'u1', email: 'ana@example.com' } })
  const [winner, loser] = [await createContact(hilo, { userId: 'u2' }), await createContact(hilo, { userId: 'u3' })]
  await mergeContacts(hilo, winner.id, loser.id)
  await hilo.asOwner((tx) => fillWebhooks(tx, hilo.organizationId))
  await hilo.asOwner((tx) => fillAnswers(tx, hilo))
}

async function fillWebhooks(tx: Transaction, organizationId: string): Promise<void> {
  const endpointId = createId()
  const ofEndpoint = { organization_id: organizationId, endpoint_id: endpointId, seq: 1 }
  await tx.insertInto('webhook_endpoints').values({
    organization_id: organizationId, id: endpointId, url: 'https://example.com', is_ordered: true, ignore_own: false,
    own_api_key_id: 'key', is_enabled: false, secret: 'encrypted', last_seq: 0,
  }).execute()
  await tx.insertInto('webhook_deliveries').values({
    ...ofEndpoint, lane: 'one', is_pending: true, is_queued: true, attempts: 0,
  }).execute()
  await tx.insertInto('webhook_attempts').values({
    ...ofEndpoint, id: createId(), event_type: 'message.created', attempt: 1, is_delivered: true, duration_ms: 1,
  }).execute()
}

async function fillAnswers(tx: Transaction, { organizationId, agentId }: Hilo): Promise<void> {
  const message = await tx.selectFrom('messages').selectAll().where('organization_id', '=', organizationId)
    .limit(1).executeTakeFirstOrThrow()
  const turnId = createId()
  const inConversation = {
    organization_id: organizationId, conversation_id: message.conversation_id, agent_id: agentId,
  }
  await tx.insertInto('questions').values({
    ...inConversation, message_id: message.id, seq: message.seq, api_key_id: 'key', request: '{}', turn_id: turnId,
  }).execute()
  await tx.insertInto('turns').values({
    ...inConversation, id: turnId, runner_id: 'runner', attempt: 1, message_ids: [message.id], seen_seq: message.seq,
  }).execute()
  await tx.insertInto('approvals').values({
    ...inConversation, id: createId(), turn_id: turnId, tool: 'refund', payload: '{}',
  }).execute()
  await tx.insertInto('agent_spend').values({
    organization_id: organizationId, agent_id: agentId, day: '2026-03-01', cost: 0.01,
  }).execute()
}

/** Runs it as the application does for `hilo`. */
function inScope<Row>(hilo: Hilo, statement: RawBuilder<Row>) {
  return inOrganization(hilo.db, hilo.organizationId, (tx) => statement.execute(tx))
}

/** The database itself must refuse: by a policy, or because the right was never given. */
const refused = { code: '42501' }

for (const database of databases) {
  describe(`row-level security on ${database}`, skipWithout(database), () => {
    test('a query that forgot its where sees one organization, and outside of any nothing', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      await fill(hilo)
      await fill(neighbour)
      const tables = await findTables(hilo)
      assert.ok(tables.length >= 14, tables.map(({ name }) => name).join(', '))
      for (const { name, owner } of tables) {
        const all = sql<{ owner: string }>`select ${sql.ref(owner)} as owner from ${sql.table(name)}`
        const { rows: everything } = await hilo.asOwner((tx) => all.execute(tx))
        for (const one of [hilo, neighbour]) {
          assert.ok(everything.some((row) => row.owner === one.organizationId), `this test makes no row of ${name}: make one`)
          const { rows } = await inScope(one, all)
          assert.deepEqual([...new Set(rows.map((row) => row.owner))], [one.organizationId], name)
        }
        assert.deepEqual((await all.execute(hilo.db)).rows, [], `${name}, outside of any organization`)
      }
    })

    test('a row of another organization can be neither written, changed nor removed', async (t) => {
      const hilo = await startHilo(t, database)
      const neighbour = await hilo.createNeighbour()
      await fill(hilo)
      await fill(neighbour)
      const count = async (name: string, owner: string) => {
        const { rows } = await hilo.asOwner((tx) => sql<{ count: number }>`
          select count(*)::int as count from ${sql.table(name)} where ${sql.ref(owner)} = ${neighbour.organizationId}
        `.execute(tx))
        return rows[0]!.count
      }
      for (const { name, owner } of await findTables(hilo)) {
        const before = await count(name, owner)
        const table = sql.table(name)
        const stolen = JSON.stringify({ [owner]: neighbour.organizationId })
        const columns = await listColumns(hilo, name)
        await assert.rejects(inScope(hilo, sql`
          insert into ${table} (${columns})
          select ${columns} from (select (jsonb_populate_record(t, ${stolen}::jsonb)).* from ${table} t limit 1) stolen
        `), refused, `insert into ${name}`)
        await assert.rejects(inScope(hilo, sql`
          update ${table} set ${sql.ref(owner)} = ${neighbour.organizationId}
        `), refused, `update ${name}`)
        const harm = [
          sql`update ${table} set ${sql.ref(owner)} = ${sql.ref(owner)} where ${sql.ref(owner)} = ${neighbour.organizationId}`,
          sql`delete from ${table} where ${sql.ref(owner)} = ${neighbour.organizationId}`,
        ]
        for (const statement of harm) {
          const changed = await inScope(hilo, statement)
            .then(({ numAffectedRows }) => Number(numAffectedRows ?? 0), (error: { code: string }) => error.code)
          assert.ok(changed === 0 || changed === refused.code, `${name}: ${changed}`)
        }
        assert.equal(await count(name, owner), before, name)
      }
    })

    test('every tenant table has its policies, and the role that serves requests cannot get round them', async (t) => {
      const hilo = await startHilo(t, database)
      for (const { name } of await findTables(hilo)) {
        const { rows } = await hilo.asOwner((tx) => sql`
          select c.relrowsecurity as secured, pg_get_userbyid(c.relowner) = 'hilo_app' as "isOwner",
            (select count(*)::int from pg_policies p where p.tablename = c.relname and p.schemaname = current_schema()
              and p.roles = '{hilo_app}' and p.permissive = 'PERMISSIVE' and p.cmd = 'ALL') as policies,
            (select count(*)::int from pg_policies p where p.tablename = c.relname and p.schemaname = current_schema()) as all
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = current_schema() and c.relname = ${name}
        `.execute(tx))
        assert.deepEqual(rows, [{ secured: true, isOwner: false, policies: 1, all: 1 }], name)
      }
      const { rows } = await hilo.asOwner((tx) => sql`
        select rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb,
          (select count(*)::int from pg_auth_members m where m.member = r.oid) as memberships,
          (select count(*)::int from pg_class c where c.relowner = r.oid) as owned
        from pg_roles r where rolname = 'hilo_app'
      `.execute(tx))
      assert.deepEqual(rows, [{
        rolsuper: false, rolbypassrls: false, rolcanlogin: false, rolcreaterole: false, rolcreatedb: false,
        memberships: 0, owned: 0,
      }])
    })

    /*
     * The connection itself belongs to the role that owns the tables: the SQL statement `reset role` would lead out.
     * That is why no text of a caller ever becomes part of a statement; values travel as parameters only.
     */
    test('connections serve as the bound role; asOwner leaves it for one transaction, also when that fails', async (t) => {
      const hilo = await startHilo(t, database)
      const whoAmI = sql<{ role: string, scope: string | null }>`
        select current_user as role, nullif(current_setting('hilo.organization_ids', true), '') as scope
      `
      const bound = { role: 'hilo_app', scope: null }
      const check = async () => assert.deepEqual((await whoAmI.execute(hilo.db)).rows, [bound])
      await check()
      const scope = JSON.stringify({ [hilo.organizationId]: 0 })
      assert.deepEqual((await inScope(hilo, whoAmI)).rows, [{ ...bound, scope }])
      await check()
      await assert.rejects(asOwner(hilo.db, async (tx) => {
        const { rows } = await whoAmI.execute(tx)
        assert.notEqual(rows[0]!.role, 'hilo_app')
        throw new Error('on purpose')
      }), /on purpose/)
      await check()
      await assert.rejects(inScope(hilo, sql`select 1 / 0`))
      await check()
    })

    test('what is logged stays: the role that serves requests can neither change nor remove events and audit', async (t) => {
      const hilo = await startHilo(t, database)
      await fill(hilo)
      for (const name of ['events', 'audit_log']) {
        await assert.rejects(inScope(hilo, sql`delete from ${sql.table(name)}`), refused, name)
        await assert.rejects(inScope(hilo, sql`update ${sql.table(name)} set created_at = now()`), refused, name)
        await assert.rejects(inScope(hilo, sql`truncate ${sql.table(name)}`), refused, name)
      }
      await assert.rejects(inScope(hilo, sql`create table public.mine (id text)`), refused)
      await assert.rejects(inScope(hilo, sql`alter table messages disable row level security`), refused)
    })

    test('whose key it is can be asked outside of any organization, and nothing else', async (t) => {
      const hilo = await startHilo(t, database)
      const { rows } = await sql`select * from find_api_key('x')`.execute(hilo.db)
      assert.deepEqual(rows, [])
      const { rows: keys } = await sql`select * from api_keys`.execute(hilo.db)
      assert.deepEqual(keys, [])
      const { rows: functions } = await hilo.asOwner((tx) => sql`
        select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
      `.execute(tx))
      assert.deepEqual(functions, [{ proname: 'find_api_key' }])
    })
  })
}
