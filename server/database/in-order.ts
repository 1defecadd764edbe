import { keyOf } from './key-of.ts'

/**
 * Rows in the order of these columns. Whoever takes locks and unique keys in one and the same order never waits in a
 * circle: PostgreSQL would let both sides wait for a second, and then fail one of them.
 */
export function inOrder<Column extends string, Row extends Partial<Record<Column, string>>>(
  columns: readonly Column[], rows: readonly Row[],
): Row[] {
  return rows
    .map((row) => ({ row, key: keyOf(...columns.map((column) => row[column] ?? '')) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row)
}
