import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ChatDb, openChatDb } from '../../src/agent/imessage/chat-db.ts'
import { watchChatDb } from '../../src/agent/imessage/watch-chat-db.ts'
import { openChatDbWriter } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { inFolder } from './in-folder.ts'

const path = join(inFolder(), 'chat.db')

/** Apple's own SQLite, which Messages uses too, in a process of its own that keeps chat.db open. */
let messages: ChildProcessByStdio<Writable, Readable, null>
const run = async (sql: string): Promise<void> => {
  messages.stdin.write(`${sql}; SELECT 'ready';\n`)
  let said = ''
  while (!said.includes('ready')) said += String((await once(messages.stdout, 'data'))[0])
}
const commit = () => run('INSERT INTO commits VALUES (1)')

beforeAll(async () => {
  openChatDbWriter(path).close() // the tables of a chat.db
  messages = spawn('sqlite3', [path], { stdio: ['pipe', 'pipe', 'inherit'] })
  await run('PRAGMA journal_mode = WAL; CREATE TABLE commits (n)')
})
afterAll(async () => {
  messages.stdin.end()
  await once(messages, 'close')
})

test('an event comes for each commit of another process, after a checkpoint too, and then it can be read', async () => {
  const db = openChatDb(path)
  const watcher = watch(`${path}-wal`)
  try {
    for (let n = 0; n < 30; n += 1) {
      if (n === 10) await run('PRAGMA wal_checkpoint(RESTART)') // from here on it writes into the middle of the file
      if (n === 20) await run('PRAGMA wal_checkpoint(TRUNCATE)')
      await sleep(20) // the events of what was before
      const before = db.dataVersion()
      const event = once(watcher, 'change', { signal: AbortSignal.timeout(5_000) })
      await Promise.all([event, commit()])
      expect(db.dataVersion()).not.toBe(before)
    }
  } finally {
    watcher.close()
    db.close()
  }
})

test('the agent looks because of the event, long before its quiet poll would', async () => {
  const delays: number[] = []
  for (let n = 0; n < 8; n += 1) delays.push(await delayOfOneCommit())
  // By polling alone each would be anywhere up to 700 ms.
  expect(Math.max(...delays)).toBeLessThan(350)
})

/** From the return of a commit until the agent has seen it, where nothing happened for a while; in ms. */
const delayOfOneCommit = async (): Promise<number> => {
  const stopping = new AbortController()
  let looked = Promise.withResolvers<number>()
  let seen: number | undefined
  const watching = watchChatDb({
    path,
    hint: true,
    signal: stopping.signal,
    isLive: () => false,
    look: (db: ChatDb) => {
      const version = db.dataVersion()
      if (version === seen) return undefined
      seen = version
      looked.resolve(performance.now())
      return { isChanged: true, again: 'at a change' }
    },
    onOpen: () => {},
    onProblem: () => {},
  })
  await looked.promise // the first look
  await sleep(50)
  looked = Promise.withResolvers()
  await commit()
  const committedAt = performance.now()
  const delay = (await looked.promise) - committedAt
  stopping.abort()
  await watching
  return delay
}
