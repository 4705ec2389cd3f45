import type { Database } from 'better-sqlite3'

/** The columns of a table; none where there is no such table. */
export const columnsOf = (db: Database, table: string): ReadonlySet<string> =>
  new Set(
    db
      .prepare<[], { name: string }>(`PRAGMA table_info(${table})`)
      .all()
      .map(({ name }) => name),
  )
