import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { MIGRATIONS } from '../../../src/agent/store/migrations.ts'
import { createStore } from '../../../src/agent/store/open-store.ts'

/** What is asked once at a start, by a person, or by the hourly clearing away may read a table from end to end. */
const MAY_SCAN = [
  /^SELECT (state|status AS state), COUNT\(\*\) AS n FROM \w+ GROUP BY/,
  /^SELECT seen_ms, state FROM messages WHERE state <> 'skipped' ORDER BY id DESC LIMIT 1/,
  /^SELECT COUNT\(\*\) FROM commands c JOIN bubbles b/,
]

/** Has the statements made that are made when they are needed. */
const useAll = ({ inbox, outbox, commands, stories, wipe }: ReturnType<typeof createStore>): void => {
  inbox.add({ guid: 'a', threadId: 't', seenMs: 0, body: '{}' })
  inbox.startPost(1, 0)
  outbox.planCommand({ threadId: 't', commandId: 'c', text: 'x', says: 'x', immediate: true, now: 0 })
  commands.add({
    commandId: 'c',
    commandType: 's',
    digest: 'd',
    role: 'unmatched',
    threadId: 't',
    bubbleId: 1,
    nowMs: 0,
  })
  for (const id of ['a', 'm1', 'b1', 's1', 'c', 'row']) stories.read({ id })
  wipe({ now: 0, ended: 0, undecided: 0 })
}

test('no statement that a message or a bubble needs reads a whole table of 30 days', () => {
  const db = new Database(':memory:')
  for (const migration of MIGRATIONS) db.exec(migration)
  const statements: string[] = []
  const prepare = db.prepare.bind(db)
  db.prepare = ((sql: string) => {
    statements.push(sql)
    return prepare(sql)
  }) as typeof db.prepare
  const store = createStore(db, ':memory:')
  useAll(store)

  const scans = statements.flatMap(sql => {
    // better-sqlite3 wants values also where nothing is run.
    const bound = sql.replace(/\?|@\w+/g, "'?'")
    const plan = prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${bound}`).all()
    const scanned = plan.some(({ detail }) =>
      /^SCAN (messages|bubbles|commands|schedules|m|b|c|s)\b(?! USING .*INDEX (messages_due|commands_owed|commands_refused|schedules_(due|load)))/.test(
        detail,
      ),
    )
    return scanned && !MAY_SCAN.some(pattern => pattern.test(sql.trim())) ? [sql.trim().replace(/\s+/g, ' ')] : []
  })
  expect(statements.length).toBeGreaterThan(50)
  expect(scans).toEqual([])
})
