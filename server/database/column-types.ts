import type { ColumnType } from 'kysely'

/** A point in time: read as a Date, written as a Date or ISO 8601 text. */
export type Timestamp = ColumnType<Date, Date | string, Date | string>
export type DefaultedTimestamp = ColumnType<Date, Date | string | undefined, Date | string>

/** JSON: read as parsed, written as text. */
export type Json<Value> = ColumnType<Value, string, string>
export type DefaultedJson<Value> = ColumnType<Value, string | undefined, string>
