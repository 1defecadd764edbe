import { type RawBuilder, sql } from 'kysely'

/**
 * True for every row. The indexes that list the rows of an organization or conversation by a time hold this condition,
 * so a list that wants one must state it, and a look-up, which does not, can never take one: before PostgreSQL has
 * statistics of a table, it believes that an organization has one row, and that any index on it is as good as a key.
 * @param column the time that the index is ordered by.
 */
export function isListed(column: string): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(column)} > '-infinity'`
}
