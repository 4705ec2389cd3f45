import type { Database } from 'better-sqlite3'

export type Counters = ReturnType<typeof createCounters>

/** Durable counts, part of whatever transaction they are called in. */
export const createCounters = (db: Database) => {
  const add = db.prepare<[string, number]>(
    'INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value',
  )
  const get = db.prepare<[string], number>('SELECT value FROM counters WHERE name = ?').pluck()
  const all = db.prepare<[], { name: string; value: number }>('SELECT name, value FROM counters ORDER BY name')

  const count = (name: string, by = 1): void => {
    add.run(name, by)
  }
  const under = (prefix: string): Record<string, number> =>
    Object.fromEntries(
      all
        .all()
        .filter(({ name }) => name.startsWith(`${prefix}.`))
        .map(({ name, value }) => [name.slice(prefix.length + 1), value]),
    )
  return {
    count,
    read: (name: string): number => get.get(name) ?? 0,
    /** The next number of the one sequence that orders POSTs and commands, whatever the clock does. */
    nextSeq: (): number => {
      count('seq')
      return get.get('seq') ?? 0
    },
    /** Live counts by state, plus what retention has removed of them. */
    withRetired: (
      what: string,
      live: readonly { readonly state: string; readonly n: number }[],
    ): Record<string, number> => {
      const sums = under(`retired.${what}`)
      for (const { state, n } of live) sums[state] = (sums[state] ?? 0) + n
      return sums
    },
    /** Counts under `prefix.`, without the prefix. */
    under,
  }
}
