import type { RawBuilder } from 'kysely'
import type { Transaction } from './schema.ts'

/** A statement, and what its rows mean. */
export interface Statement<Result> {
  /** Undefined where there is nothing to ask or to write: then there are no rows. */
  text: RawBuilder<unknown> | undefined
  toResult(rows: unknown[]): Result
}

export function statement<Row, Result>(
  text: RawBuilder<Row> | undefined, toResult: (rows: Row[]) => Result,
): Statement<Result> {
  return { text, toResult: (rows) => toResult(rows as Row[]) }
}

type Statements<Results extends readonly unknown[]> = { [Place in keyof Results]: Statement<Results[Place]> }

/**
 * Runs several statements with one way to the database and back: they are sent without waiting in between. They run in
 * this order, each seeing what was written before it and what others committed before it began.
 * @returns their results, in order.
 */
export async function runTogether<Results extends readonly unknown[]>(
  tx: Transaction, statements: Statements<Results>,
): Promise<Results> {
  const compiled = statements.map(({ text }) => text?.compile(tx))
  const answers = compiled.every((one) => !one) ? [] : await tx.getExecutor().provideConnection((connection) => (
    Promise.all(compiled.map(async (one) => one && connection.executeQuery(one)))
  ))
  return statements.map((one, place) => one.toResult(answers[place]?.rows ?? [])) as unknown as Results
}

export async function run<Result>(tx: Transaction, one: Statement<Result>): Promise<Result> {
  const [result] = await runTogether<[Result]>(tx, [one])
  return result
}
