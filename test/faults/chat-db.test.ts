import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { openChatDbWriter, toAppleDate } from '../../src/lab/messages-simulator/chat-db-writer.ts'
import { ANNA, BERT } from '../support/conversation.ts'
import { lockOut } from '../support/lock-out.ts'
import { type House, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled, twoBubbles } from '../support/two-bubbles.ts'
import { withAgent } from '../support/with-agent.ts'
import { withHouse } from '../support/with-house.ts'
import { withLibrary } from '../support/with-library.ts'

const say = (house: House, text: string, extra: object = {}) => house.simulator.receive({ from: ANNA, text, ...extra })
const problem = (house: House, code: string) =>
  waitFor(`the problem ${code}`, async () => (await house.status()).problems.some(problem => problem.code === code))
const noProblem = (house: House) =>
  waitFor('the problem to end', async () => (await house.status()).problems.length === 0)
const skips = async (house: House) => (await house.status()).skipped
const posted = (house: House) => house.backend.received.map(({ filtered_text }) => filtered_text)
/** A file and its -wal, under another name. */
const move = (from: string, to: string) => {
  for (const suffix of ['-wal', '-shm', '']) renameSync(from + suffix, to + suffix)
}
const remove = (path: string) => {
  for (const suffix of ['-wal', '-shm', '']) rmSync(path + suffix, { force: true })
}

test.concurrent('locked by another program: said once, nothing lost', () => lockOut({ holdMs: 0 }))

describe.concurrent('not readable for a while, and back: said, the cursor unmoved, nothing lost', () => {
  test.each<[string, string, (path: string, whole: string) => void]>([
    ['deleted', 'chat_db_missing', () => {}],
    ['empty', 'chat_db_damaged', path => writeFileSync(path, '')],
    ['not a database', 'chat_db_damaged', path => writeFileSync(path, 'no database '.repeat(1000))],
    [
      'truncated',
      'chat_db_damaged',
      (path, whole) => {
        spawnSync('cp', [whole, path])
        truncateSync(path, 8192)
      },
    ],
    ['a folder', 'chat_db_damaged', path => mkdirSync(path)],
  ])('%s', (_, code, damage) =>
    withAgent({}, async house => {
      await say(house, 'before')
      await sees(house, ANNA, bubblesTo('before'))
      await settled(house)
      const { chatDbPath, checkpoint } = house.simulator
      const away = join(house.dir, 'away.db')
      checkpoint()
      move(chatDbPath, away)
      damage(chatDbPath, away)
      await problem(house, code)
      await say(house, 'meanwhile') // Messages still has its file open
      rmSync(chatDbPath, { force: true, recursive: true })
      move(away, chatDbPath)
      await sees(house, ANNA, bubblesTo('before', 'meanwhile'))
      await noProblem(house)
      expect(posted(house)).toEqual(['before', 'meanwhile'])
      expect(house.log).not.toContain('continuing by date')
    }),
  )
})

describe.concurrent('another database in its place: read on by date, no flood, new rows seen', () => {
  const history = ['the first', 'the second']
  const withHistory = (happen: (house: House) => Promise<void>) =>
    withAgent({}, async house => {
      await say(house, 'the first', { columns: { ROWID: 1000 } })
      await sees(house, ANNA, bubblesTo('the first'))
      await say(house, 'the second')
      await sees(house, ANNA, bubblesTo(...history))
      await settled(house)
      await happen(house)
    })
  /** Messages goes on with the file that is there now. */
  const goOn = async (house: House, text: string) => {
    const writer = openChatDbWriter(house.simulator.chatDbPath)
    await writer.writeIncoming({ from: ANNA, chat: `any;-;${ANNA}`, text })
    writer.close()
  }
  const check = async (house: House) => {
    await waitFor('the re-anchoring', () => house.log.includes('continuing by date'))
    await sees(house, ANNA, bubblesTo(...history, 'in between'))
    await goOn(house, 'after')
    await sees(house, ANNA, bubblesTo(...history, 'in between', 'after'))
    expect(posted(house)).toEqual([...history, 'in between', 'after'])
  }

  test('replaced by a copy with one message more', () =>
    withHistory(async house => {
      const { chatDbPath } = house.simulator
      const copy = join(house.dir, 'copy.db')
      const db = new Database(chatDbPath)
      db.exec(`VACUUM INTO '${copy}'`)
      db.close()
      const writer = openChatDbWriter(copy)
      await writer.writeIncoming({ from: ANNA, chat: `any;-;${ANNA}`, text: 'in between' })
      writer.close()
      house.simulator.close()
      remove(chatDbPath)
      renameSync(copy, chatDbPath)
      await check(house)
    }))

  test('rebuilt in another file, with lower ROWIDs', () =>
    withHistory(async house => {
      const { chatDbPath } = house.simulator
      const rebuilt = join(house.dir, 'rebuilt.db')
      await rebuild(chatDbPath, rebuilt)
      house.simulator.close()
      remove(chatDbPath)
      renameSync(rebuilt, chatDbPath)
      await check(house)
    }))

  test('rebuilt from the newest row to the oldest, while the row of a bubble is awaited: it is found', () =>
    withHistory(async house => {
      house.simulator.setOsascriptMode({ mode: 'no-row' }, { times: 1, text: 'R to hi' })
      await say(house, 'hi')
      await sees(house, ANNA, bubblesTo(...history, 'hi'))
      await waitFor('only R to be without a row', async () => {
        const { bubbles } = await house.status()
        return bubbles.sent === 1 && bubbles.confirmed === 5
      })
      const { chatDbPath } = house.simulator
      const rebuilt = join(house.dir, 'rebuilt.db')
      const writer = openChatDbWriter(rebuilt)
      await writer.writeOutgoing({ chat: `any;-;${ANNA}`, text: 'R to hi' })
      writer.close()
      await rebuild(chatDbPath, rebuilt)
      house.simulator.close()
      remove(chatDbPath)
      renameSync(rebuilt, chatDbPath)
      await sees(house, ANNA, bubblesTo(...history, 'hi', 'in between'))
      await settled(house)
      expect((await house.status()).bubbles).toEqual({ confirmed: 8 })
    }))

  test('rebuilt in the same file, with lower ROWIDs', () =>
    withHistory(async house => {
      const db = new Database(house.simulator.chatDbPath)
      db.pragma('foreign_keys = OFF')
      db.transaction(() => {
        db.exec(
          'CREATE TEMP TABLE moved AS SELECT ROWID AS old, ROW_NUMBER() OVER (ORDER BY ROWID) AS new FROM message',
        )
        db.exec('UPDATE message SET ROWID = (SELECT new FROM moved WHERE old = message.ROWID)')
        db.exec('UPDATE chat_message_join SET message_id = (SELECT new FROM moved WHERE old = message_id)')
        db.exec("UPDATE sqlite_sequence SET seq = (SELECT MAX(ROWID) FROM message) WHERE name = 'message'")
      })()
      db.close()
      await goOn(house, 'in between')
      await check(house)
    }))

  /** The same messages with the same guids, in the order in which cloud sync brings them: the newest first. */
  const rebuild = async (from: string, to: string) => {
    const db = new Database(from, { readonly: true }).defaultSafeIntegers()
    const rows = db.prepare('SELECT guid, date, is_from_me, attributedBody FROM message ORDER BY ROWID DESC').all()
    db.close()
    const writer = openChatDbWriter(to)
    for (const row of rows as { is_from_me: bigint }[]) {
      const write = row.is_from_me ? writer.writeOutgoing : writer.writeIncoming
      await write({ from: ANNA, chat: `any;-;${ANNA}`, columns: { ...row } })
    }
    await writer.writeIncoming({ from: ANNA, chat: `any;-;${ANNA}`, text: 'in between' })
    writer.close()
  }
})

test.concurrent('permission revoked and granted again: one alarm, resumes by itself', () =>
  withLibrary(async (house, { library, env }) => {
    await house.startConnected(env)
    await say(house, 'before')
    await sees(house, ANNA, bubblesTo('before'))
    await settled(house)

    chmodSync(library, 0)
    await problem(house, 'chat_db_forbidden')
    await say(house, 'meanwhile')
    await sleep(3_000) // it is tried again every second
    expect(posted(house)).toEqual(['before'])
    chmodSync(library, 0o700)
    await sees(house, ANNA, bubblesTo('before', 'meanwhile'))
    await noProblem(house)
    expect(house.log.match(/"level":"warn".*"code":"chat_db_forbidden"/g)).toHaveLength(1)
  }))

describe.concurrent('the -wal comes and goes', () => {
  test('a checkpoint after every other message: none is missed', () =>
    withAgent({}, async house => {
      const texts = Array.from({ length: 12 }, (_, n) => `m${n}`)
      for (const text of texts) {
        await say(house, text)
        house.simulator.checkpoint()
        await say(house, 'hello', { from: BERT })
      }
      await waitFor('all bubbles', () => house.simulator.readLedger().length === 48)
      await settled(house)
      expect(posted(house).filter(text => text !== 'hello')).toEqual(texts)
      expect(house.backend.received).toHaveLength(24)
    }))

  test.each(['-wal', '-wal -shm'])('%s deleted while nobody writes', suffixes =>
    withAgent({}, async house => {
      await say(house, 'before')
      await sees(house, ANNA, bubblesTo('before'))
      await settled(house)
      const { chatDbPath, checkpoint, close } = house.simulator
      checkpoint()
      close()
      for (const suffix of suffixes.split(' ')) rmSync(chatDbPath + suffix)
      const writer = openChatDbWriter(chatDbPath)
      await writer.writeIncoming({ from: ANNA, chat: `any;-;${ANNA}`, text: 'after' })
      await sees(house, ANNA, bubblesTo('before', 'after'))
      writer.close()
    }),
  )
})

describe.concurrent('rows that Messages writes bit by bit: each is handled once, and right', () => {
  test('the join comes seconds after the row, others come in between', () =>
    withAgent({}, async house => {
      const late = say(house, 'late', { joinMs: 3_000 })
      await say(house, 'in between')
      await say(house, 'hello', { from: BERT })
      await sees(house, ANNA, bubblesTo('in between'))
      await sees(house, BERT, bubblesTo('hello'))
      await late
      await sees(house, ANNA, bubblesTo('in between', 'late'))
      await settled(house)
      expect(house.backend.received).toHaveLength(3)
    }))

  test('the handle is set by a later UPDATE', () =>
    withAgent({}, async house => {
      await say(house, 'hi', { atFirst: { handle_id: 0 }, settleMs: 1_000 })
      await sees(house, ANNA, bubblesTo('hi'))
      expect(JSON.parse(house.backend.received[0]?.body ?? '')).toMatchObject({ sender: ANNA })
      expect(house.backend.received).toHaveLength(1)
    }))

  test('a text typed on this Mac looks like an incoming one until a later UPDATE', () =>
    withAgent({}, async house => {
      await say(house, 'hi') // finished rows are marked as such here
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      await house.simulator.writeOutgoing({
        chat: `any;-;${ANNA}`,
        text: 'typed by hand',
        atFirst: { is_from_me: 0, is_finished: 0 },
        settleMs: 1_000,
      })
      await waitFor('our own rows to be recognised', async () => (await skips(house))['own'] === 3)
      expect(posted(house)).toEqual(['hi'])
      expect((await house.status()).held.takeover.threads).toBe(1)
    }))

  test('our own bubble looks like an incoming one until a later UPDATE', () =>
    withAgent({}, async house => {
      house.simulator.setOsascriptMode({ mode: 'no-row' }, { times: 1 })
      await say(house, 'hi')
      await waitFor('R', () => house.seen(ANNA).length > 0)
      await house.simulator.writeOutgoing({
        chat: `any;-;${ANNA}`,
        text: 'R to hi',
        atFirst: { is_from_me: 0 },
        settleMs: 1_000,
      })
      await settled(house)
      await waitFor('our own rows to be recognised', async () => (await skips(house))['own'] === 2)
      expect(posted(house)).toEqual(['hi'])
      expect((await house.status()).bubbles).toEqual({ confirmed: 2 })
    }))
})

describe.concurrent('where the words are', () => {
  test.each(['attributedBody', 'text', 'both'] as const)('%s', body =>
    withAgent({}, async house => {
      await say(house, 'Grüße 👋🏽', { body })
      await sees(house, ANNA, bubblesTo('Grüße 👋🏽'))
    }),
  )

  test('nowhere, but there is an attachment: recorded', () =>
    withAgent({}, async house => {
      await house.simulator.receive({
        from: ANNA,
        attachments: [{ name: 'cat.jpg' }],
        columns: { attributedBody: null },
      })
      await waitFor('the record', async () => (await skips(house))['attachment_only'] === 1)
      expect(posted(house)).toEqual([])
    }))
})

test.concurrent('a text that is no text to SQLite: the row is on record, and stops nobody behind it', () =>
  withAgent({}, async house => {
    await say(house, 'odd', { columns: { text: Buffer.from('odd'), attributedBody: null } })
    await say(house, 'hello', { from: BERT })
    await sees(house, BERT, bubblesTo('hello'))
    await sees(house, ANNA, bubblesTo('odd'))
    expect((await house.status()).problems).toEqual([])
  }))

test.concurrent('500 old messages come again from the cloud, some of them twins of answered ones: recorded, none answered', () =>
  withAgent({}, async house => {
    const dates = [1, 2, 3, 4, 5].map(n => toAppleDate(Date.now() + n))
    for (const date of dates) await say(house, 'same old', { columns: { date } })
    await waitFor('the answers', () => house.seen(ANNA).length === 10)
    await settled(house)

    const lastYear = Date.now() - 365 * 86_400_000
    const writes = Array.from({ length: 500 }, (_, n) => {
      const date = n % 100 === 0 ? dates[n / 100] : toAppleDate(lastYear + n)
      return say(house, 'same old', { columns: { date } })
    })
    await Promise.all(writes)
    await waitFor('all to be recorded', async () => (await house.status()).messages.skipped === 500)
    expect(await skips(house)).toMatchObject({ before_first_start: 495, twin: 5 })
    expect(posted(house)).toHaveLength(5)
    expect(house.seen(ANNA)).toHaveLength(10)
  }))

describe.concurrent('other versions of macOS', () => {
  test.each<[string, (db: Database.Database) => void]>([
    [
      'columns missing, as on macOS 12',
      db => {
        const late = ['schedule_type', 'schedule_state', 'is_pending_satellite_send', 'fallback_hash']
        const indexes = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql NOT NULL").all()
        for (const { name, sql } of indexes as { name: string; sql: string }[]) {
          if (late.some(column => sql.includes(column))) db.exec(`DROP INDEX "${name}"`)
        }
        for (const column of late) db.exec(`ALTER TABLE message DROP COLUMN ${column}`)
      },
    ],
    [
      'unknown columns and tables, as on a coming one',
      db => {
        db.exec('ALTER TABLE message ADD COLUMN mood INTEGER DEFAULT 7')
        db.exec('ALTER TABLE chat ADD COLUMN weather TEXT')
        db.exec('CREATE TABLE dream (ROWID INTEGER PRIMARY KEY)')
      },
    ],
  ])('%s', (_, change) =>
    withHouse({ backend: twoBubbles }, async house => {
      const db = new Database(house.simulator.chatDbPath)
      change(db)
      db.close()
      await house.startAgent()
      await house.connected()
      await say(house, 'hi')
      await sees(house, ANNA, bubblesTo('hi'))
      await settled(house)
      expect((await house.status()).bubbles).toEqual({ confirmed: 2 })
    }),
  )

  test.each<[string, () => bigint, readonly string[]]>([
    ['in seconds: answered', () => toAppleDate(Date.now()) / 1_000_000_000n, ['strange']],
    ['0: not answered', () => 0n, []],
    ['in the future: answered', () => toAppleDate(Date.now() + 86_400_000), ['strange']],
  ])('a date %s, and what comes after it is, after a restart too', (_, date, first) =>
    withAgent({}, async house => {
      const isPosted = (texts: readonly string[]) =>
        waitFor('the answers', () => house.seen(ANNA).length === 2 * texts.length)
      await say(house, 'strange', { columns: { date: date() } })
      await say(house, 'normal')
      await isPosted([...first, 'normal'])
      await settled(house)
      await house.stopAgent()
      await house.startAgent()
      await house.connected()
      await say(house, 'again')
      await isPosted([...first, 'normal', 'again'])
      expect(posted(house)).toEqual([...first, 'normal', 'again'])
    }),
  )
})
