import { renameSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import type { CommandAckData } from '../../src/protocol/wire.ts'
import { ANNA, phone } from '../support/conversation.ts'
import { AGENT_ID, type House, type HouseOptions, waitFor } from '../support/start-house.ts'
import { sees, settled } from '../support/two-bubbles.ts'
import { withHouse } from '../support/with-house.ts'

const acks = (house: House, id: string): CommandAckData[] =>
  house.events.flatMap(event => (event.type === 'ack' && event.ack.command_id === id ? [event.ack] : []))
const command = (house: House, command_id: string, thread_id: string, more: object = {}): void => {
  const payload = { thread_id, text: command_id, ...more }
  house.backend.sendCommand(AGENT_ID, { command_id, command_type: 'send_message_now', payload })
}
const talk = (options: HouseOptions, happen: (house: House) => Promise<void>) =>
  withHouse(
    {
      ...options,
      backend: {
        reflex: () => undefined,
        replies: ({ filtered_text }) => [`re: ${filtered_text}`],
        ...options.backend,
      },
    },
    happen,
  )
/** Which chats what was sent went to, in order. */
const chatsOf = (house: House): string[] => house.simulator.readLedger().map(({ guid }) => guid)
const LOST = { mode: 'fail-before', number: -1728 } as const

const GROUP = 'chat655321'
const [OLD, LIVE] = [`iMessage;+;${GROUP}`, `any;+;${GROUP}`]
const [SMS, IMESSAGE] = [`SMS;-;${ANNA}`, `iMessage;-;${ANNA}`]

describe.concurrent('a thread is not one chat for ever', () => {
  test.each(['off', 'on'])(
    'case 17: a group whose chat Messages no longer finds goes on in its other one (warm: %s)',
    warm =>
      talk({ env: { EDGE_SEND_WARM: warm, EDGE_FORWARD_GROUPS: 'all', EDGE_SEND_RETRIES: '0' } }, async house => {
        await house.startConnected()
        const others = { participants: [ANNA, phone(1)] }
        await house.simulator.receive({ from: ANNA, chat: { guid: OLD, ...others }, text: 'one' })
        await sees(house, GROUP, ['re: one'])
        house.simulator.setOsascriptMode(LOST, { target: OLD })
        house.simulator.setSlotMode(LOST, { target: OLD })
        house.simulator.ensureChat({ guid: LIVE, ...others })
        moveRows(house, OLD, LIVE)
        command(house, 'two', GROUP)
        await sees(house, GROUP, ['re: one', 'two'])
        command(house, 'three', GROUP)
        await sees(house, GROUP, ['re: one', 'two', 'three'])
        await settled(house)
        expect(chatsOf(house)).toEqual([OLD, LIVE, LIVE])
        expect((await house.status()).bubbles).toEqual({ confirmed: 3 })
      }),
  )

  test('one person whose chat Messages no longer finds: another one by the same service, before their address', () =>
    talk({}, async house => {
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, chat: IMESSAGE, text: 'one' })
      await sees(house, ANNA, ['re: one'])
      house.simulator.setOsascriptMode(LOST, { target: IMESSAGE })
      house.simulator.ensureChat(SMS)
      house.simulator.ensureChat(`any;-;${ANNA}`)
      moveRows(house, IMESSAGE, `any;-;${ANNA}`)
      command(house, 'two', ANNA)
      await sees(house, ANNA, ['re: one', 'two'])
      expect(chatsOf(house)).toEqual([IMESSAGE, `any;-;${ANNA}`])
    }))

  test.each(['off', 'on'])('case 18: an answer goes where its message came from, SMS or iMessage (warm: %s)', warm =>
    talk(
      {
        env: { EDGE_SEND_WARM: warm },
        backend: {
          reflex: ({ filtered_text }) => `ok, ${filtered_text}`,
          thinkMs: 1_500,
          replies: ({ filtered_text }) => [`re: ${filtered_text}`],
        },
      },
      async house => {
        await house.startConnected()
        await house.simulator.receive({ from: ANNA, chat: SMS, text: 'first' })
        await waitFor('the first POST', () => house.backend.received.length === 1)
        await house.simulator.receive({ from: ANNA, chat: IMESSAGE, text: 'second' })
        await waitFor('all of it', () => house.seen(ANNA).length === 4)
        await settled(house)
        expect(Object.fromEntries(house.simulator.readLedger().map(({ guid, text }) => [text, guid]))).toEqual({
          'ok, first': SMS,
          're: first': SMS,
          'ok, second': IMESSAGE,
          're: second': IMESSAGE,
        })
      },
    ),
  )

  test('and so does one whose chat Messages does not find: by SMS to the person, never by iMessage', () =>
    talk({ env: { EDGE_SEND_RETRIES: '0' } }, async house => {
      house.simulator.setOsascriptMode(LOST, { target: SMS, times: 1 })
      await house.startConnected()
      await house.simulator.receive({ from: ANNA, chat: IMESSAGE, text: 'first' })
      await house.simulator.receive({ from: ANNA, chat: SMS, text: 'second' })
      await waitFor('both', () => house.seen(ANNA).length === 2)
      expect(chatsOf(house).toSorted()).toEqual([SMS, IMESSAGE])
    }))

  test('RCS without an account never ends at the iMessage account', () =>
    talk({ env: { EDGE_SEND_RETRIES: '0' } }, async house => {
      house.simulator.setOsascriptMode(LOST, { target: `RCS;-;${ANNA}`, times: 1 })
      house.simulator.ensureChat(IMESSAGE)
      await house.startConnected()
      const chat = { guid: `RCS;-;${ANNA}`, accountId: '' }
      await house.simulator.receive({ from: ANNA, chat, text: 'hi' })
      await waitFor('its end', async () => ((await house.status()).bubbles.failed ?? 0) === 1)
      expect(house.seen(ANNA)).toEqual([])
      expect((await house.queue()).bubbles).toMatchObject([{ reason: 'messages_error_-1719' }])
    }))
})

describe.concurrent('case 19: while chat.db cannot be read, "unknown thread" is no answer', () => {
  const KNOWN = phone(1)
  const blind = (how: string, happen: (house: House, see: () => void) => Promise<void>) =>
    talk({}, async house => {
      await house.simulator.receive({ from: KNOWN, text: 'long ago' })
      house.simulator.close()
      const see = how === 'locked' ? lock(house) : moveAway(house)
      await house.startConnected()
      await waitFor('the problem', async () =>
        (await house.status()).problems.some(({ code }) => code === 'chat_db_busy' || code === 'chat_db_missing'),
      )
      await happen(house, see)
    })

  test.each(['locked', 'moved away'])('a command for a thread of the history waits, then is sent (%s)', how =>
    blind(how, async (house, see) => {
      command(house, 'hello', KNOWN)
      await waitFor('its ack', () => acks(house, 'hello').length > 0)
      expect(acks(house, 'hello')).toMatchObject([{ status: 'received', detail: 'held_chat_db' }])
      expect((await house.queue()).bubbles).toMatchObject([{ state: 'planned', waitsFor: 'held_chat_db' }])
      see()
      await sees(house, KNOWN, ['hello'])
      await waitFor('its end', () => acks(house, 'hello').at(-1)?.status === 'completed')
    }),
  )

  test.each(['locked', 'moved away'])('one for nobody fails once that is known (%s)', how =>
    blind(how, async (house, see) => {
      command(house, 'hello', phone(2))
      await waitFor('its ack', () => acks(house, 'hello').length > 0)
      expect(acks(house, 'hello')).toMatchObject([{ status: 'received', detail: 'held_chat_db' }])
      see()
      await waitFor('its end', () => acks(house, 'hello').at(-1)?.status === 'failed')
      expect(acks(house, 'hello').at(-1)).toMatchObject({ error: 'unknown_thread' })
      expect(house.seen(phone(2))).toEqual([])
    }),
  )
})

/** Another program keeps it to itself. */
const lock = ({ simulator }: House): (() => void) => {
  const other = new Database(simulator.chatDbPath)
  other.pragma('locking_mode = EXCLUSIVE')
  other.exec('BEGIN EXCLUSIVE')
  return () => {
    other.exec('COMMIT')
    other.close()
  }
}
const moveAway = ({ simulator: { chatDbPath } }: House): (() => void) => {
  renameSync(chatDbPath, `${chatDbPath}.away`)
  return () => renameSync(`${chatDbPath}.away`, chatDbPath)
}

/** An update of macOS, or a group that is set up anew: its messages are in another chat from now on. */
const moveRows = ({ simulator }: House, from: string, to: string): void => {
  const db = new Database(simulator.chatDbPath, { timeout: 5_000 })
  db.prepare(
    'UPDATE chat_message_join SET chat_id = (SELECT ROWID FROM chat WHERE guid = ?) WHERE chat_id = (SELECT ROWID FROM chat WHERE guid = ?)',
  ).run(to, from)
  db.close()
}
