import { randomBytes } from 'node:crypto'
import pg from 'pg'

export interface EmptyPostgres {
  url: string
  /** A URL that names this database and its user in place of `hilo`, on the server of the tests. */
  fill(url: string): string
  drop(): Promise<void>
}

const duplicateObject = '42710'

/**
 * Makes a database without any table on the PostgreSQL of the tests, by the given statements; they call the database
 * and its user `hilo`, which is replaced by a name of this call's own. The role `hilo_app` is shared by all: that it is
 * there already is fine.
 */
export async function createEmptyPostgres(statements = 'create database hilo;'): Promise<EmptyPostgres> {
  const name = `hilo_empty_${randomBytes(6).toString('hex')}`
  const rename = (text: string) => text.replace(/\bhilo\b/g, name)
  await asAdministrator(async (client) => {
    for (const statement of statements.split(';').map((one) => one.trim()).filter(Boolean)) {
      await client.query(rename(statement)).catch((error: Error & { code?: string }) => {
        if (error.code !== duplicateObject) throw error
      })
    }
  })
  const server = new URL(process.env.HILO_TEST_POSTGRES_URL!)
  return {
    url: Object.assign(new URL(server), { pathname: `/${name}` }).href,
    fill: (url) => Object.assign(new URL(rename(url)), { host: server.host }).href,
    drop: () => asAdministrator(async (client) => {
      await client.query(`drop database ${name} with (force)`)
      await client.query(`drop role if exists ${name}`)
    }),
  }
}

async function asAdministrator(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: process.env.HILO_TEST_POSTGRES_URL })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
