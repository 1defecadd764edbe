import { CompiledQuery } from 'kysely'
import type { Transaction } from '../database/schema.ts'
import type { Executor } from './start-jobs.ts'

/** Lets pg-boss work inside a transaction of ours, one of the owner: give it as the option `db`. */
export function inTransaction(tx: Transaction): Executor {
  return {
    executeSql: async (text, values = []) => {
      const { rows } = await tx.executeQuery<object>(CompiledQuery.raw(text, [...values]))
      return { rows }
    },
  }
}
