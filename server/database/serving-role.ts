import { sql } from 'kysely'
import pg from 'pg'
import type { Database } from './schema.ts'

/** How the role that connects stands to `hilo_app`, the role that serves requests. */
export interface ServingRole {
  /** The role that connects. */
  user: string
  isThere: boolean
  /** Whether the first migration gets to where it can act as `hilo_app`. */
  mayUse: boolean
}

/** Asks what the first migration will need, by the rules of the server's version; changes nothing. */
export async function readServingRole(db: Database): Promise<ServingRole> {
  const { rows: [role] } = await sql<ServingRole>`
    with server as (
      select current_setting('server_version_num')::int < 160000 as "isOld"
    ), found as (
      select
        pg_has_role(current_user, oid, case when "isOld" then 'member' else 'set' end)
          or pg_has_role(current_user, oid, 'member with admin option') as "isOurs"
      from pg_roles, server where rolname = 'hilo_app'
    )
    select current_user as "user", exists (select from found) as "isThere", rolsuper or coalesce(
      (select "isOurs" or ("isOld" and rolcreaterole) from found), rolcreaterole
    ) as "mayUse"
    from pg_roles, server where rolname = current_user
  `.execute(db)
  return role!
}

/** What the user lacks, as the end of a sentence. */
export function describeLack({ isThere }: Pick<ServingRole, 'isThere'>): string {
  return `its user may not ${isThere ? 'use' : 'create'} the role hilo_app, which keeps organizations apart.`
}

/** For an administrator of the server: the statements that let this user serve requests. */
export function letServe({ user, isThere }: Pick<ServingRole, 'user' | 'isThere'>): string {
  const grant = `grant hilo_app to ${pg.escapeIdentifier(user)};`
  return `Let an administrator of the server run: ${isThere ? '' : 'create role hilo_app; '}${grant}`
}
