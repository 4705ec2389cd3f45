import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { ANNA } from '../support/conversation.ts'
import { inHouse } from '../support/in-house.ts'
import { type House, waitFor } from '../support/start-house.ts'
import { bubblesTo, sees, settled } from '../support/two-bubbles.ts'

/** Shapes that people reported, row by row, and what has to become of each. */

const LINK = 'https://example.com/a'
const posted = (house: House) => house.backend.received.map(({ body }) => JSON.parse(body))
const texts = (house: House): string[] => posted(house).map(({ filtered_text }) => filtered_text)
const skips = async (house: House) => (await house.status()).skipped
const skipped = (house: House, reason: string, count = 1) =>
  waitFor(`${count} to be skipped as ${reason}`, async () => (await skips(house))[reason] === count)
const say = (house: House, message: object) => house.simulator.receive({ from: ANNA, ...message })

describe.concurrent('who is "me"', () => {
  const ME = '+15551112222'
  const MAIL = 'you@example.com'
  const self = {
    guid: `iMessage;-;${ME}`,
    accountLogin: `E:${MAIL}`,
    columns: { last_addressed_handle: MAIL },
  }
  test.each([
    ['1: each bubble comes back from the address of the thread', { from: ME }],
    ['2: it comes back from the other alias', { from: MAIL, columns: { destination_caller_id: ME } }],
    ['it comes back in the chat of the other alias', { from: ME, chat: `iMessage;-;${MAIL}` }],
    ['it comes back in two rows', { from: MAIL, columns: { destination_caller_id: ME } }, 'split-links' as const],
  ])('case %s', (_, comesBack, rewrite?: 'split-links') =>
    inHouse(
      {
        expected: { skipped: 'any' },
        backend: {
          reflex: ({ filtered_text }) => `R to ${filtered_text} ${rewrite ? LINK : ''}`.trim(),
          replies: ({ filtered_text }) => [`B to ${filtered_text}`],
        },
      },
      async house => {
        house.simulator.setOsascriptMode({
          mode: 'ok',
          comesBack: { afterMs: 400, ...comesBack },
          ...(rewrite && { rewrite }),
        })
        await house.startConnected()
        await say(house, { from: ME, chat: self, text: 'hello me' })
        await skipped(house, 'own_echo', rewrite ? 3 : 2)
        await settled(house)
        expect(texts(house)).toEqual(['hello me'])
        expect((await house.status()).ownAddresses).toContain(MAIL)
      },
    ),
  )

  test('a person who says what we said, after reading it, is heard', () =>
    inHouse({ backend: { reflex: () => 'Good night!', replies: () => ['Sleep well.'] } }, async house => {
      await house.startConnected()
      await say(house, { text: 'good night' })
      await sees(house, ANNA, ['Good night!', 'Sleep well.'])
      await settled(house)
      await sleep(2_500)
      await say(house, { text: 'Sleep well.' })
      await waitFor('it to be POSTed', () => house.backend.received.length === 2)
    }))

  test.each([
    [{ is_finished: 0 }, ['hi'], 1],
    [{ is_finished: 1 }, ['hi', 'on my way'], 0],
  ])("case 22: the owner's row that is seen as incoming at first (%o)", (first, posts, byHand) =>
    inHouse(
      {
        expected: { skipped: 'any', unsent: 'any', unheard: 'any', byHand },
        backend: { thinkMs: 1_500, reflex: () => undefined },
      },
      async house => {
        await house.startConnected()
        await say(house, { text: 'hi' }) // its row is marked as finished, as Messages marks all
        await sees(house, ANNA, ['B to hi'])
        await say(house, {
          text: 'on my way',
          columns: { is_from_me: 1 },
          atFirst: { is_from_me: 0, ...first },
          settleMs: 300,
        })
        await waitFor(
          'it to be known as our own',
          async () => ((await skips(house))['own'] ?? 0) + house.logged(/message is our own/).length > 0,
        )
        await settled(house)
        expect(texts(house)).toEqual(posts)
        expect(house.seen(ANNA)).toEqual(['B to hi'])
      },
    ),
  )
})

describe.concurrent('a message is one row or several', () => {
  test('case 3: the preview of a link that the words have is part of them', () =>
    inHouse({ expected: { skipped: ['link_preview'] } }, async house => {
      await house.startConnected()
      const text = `Check this out ${LINK}`
      await say(house, { text })
      await sleep(900)
      await say(house, { balloon: LINK })
      await skipped(house, 'link_preview')
      await sees(house, ANNA, bubblesTo(text))
      expect(texts(house)).toEqual([text])
    }))

  test.each([300, 2_000, 5_500])(
    'case 4: the link %i ms after the words is a POST that says what it continues',
    after =>
      inHouse({ env: { EDGE_PAYLOAD: 'extended' }, backend: { reflex: () => undefined } }, async house => {
        await house.startConnected()
        const { guid } = await say(house, { text: 'Check this out' })
        await sleep(after)
        await say(house, { balloon: LINK })
        await sees(house, ANNA, ['B to Check this out', `B to ${LINK}`])
        expect(posted(house).map(({ filtered_text, continues }) => ({ filtered_text, continues }))).toEqual([
          { filtered_text: 'Check this out', continues: undefined },
          { filtered_text: LINK, continues: guid },
        ])
      }),
  )

  test.each([300, 2_000, 5_500])('case 4, with forward.gather: words and the link %i ms later are one POST', after =>
    inHouse({ env: { EDGE_FORWARD_GATHER: '7s' }, expected: { skipped: ['gathered'] } }, async house => {
      await house.startConnected()
      const { guid } = await say(house, { text: 'Check this out' })
      await sleep(after)
      await say(house, { balloon: LINK })
      await sees(house, ANNA, bubblesTo(`Check this out\n${LINK}`))
      expect(house.backend.received.map(({ key }) => key)).toEqual([`"${guid}"`])
    }),
  )

  test('what is edited and taken back inside the pause counts, through a kill', () =>
    inHouse({ env: { EDGE_FORWARD_GATHER: '7s' }, expected: { skipped: 'any' } }, async house => {
      await house.startConnected()
      const first = await say(house, { text: 'lunch?' })
      const second = await say(house, { text: 'at noon' })
      const third = await say(house, { text: 'or never' })
      await skipped(house, 'gathered', 2)
      await house.killAgent()
      house.simulator.editMessage(second.guid, 'at one')
      await house.startConnected()
      await say(house, { text: 'bring Bert' })
      house.simulator.unsendMessage(third.guid)
      await sees(house, ANNA, bubblesTo('lunch?\nat one\nbring Bert'))
      expect(house.backend.received.map(({ key }) => key)).toEqual([`"${first.guid}"`])
    }))

  test('pictures and their caption are one POST', () =>
    inHouse({ env: { EDGE_PAYLOAD: 'extended' }, expected: { skipped: ['gathered', 'gathered'] } }, async house => {
      await house.startConnected({ EDGE_CONFIG: pictures(house) })
      for (const name of ['a.jpg', 'b.jpg']) await say(house, { attachments: [{ name }] })
      await say(house, { text: 'What are these?' })
      await sees(house, ANNA, bubblesTo('What are these?'))
      expect(posted(house)).toMatchObject([{ attachments: [{ name: 'a.jpg' }, { name: 'b.jpg' }] }])
    }))

  const ENDS = `Have a look at this: ${LINK}`
  const BOTH = 'https://a.example/1 words between https://b.example/2'
  test.each([
    ['8: a bubble whose link got a row of its own', ENDS, 'split-links'],
    ['8, with the link in both rows', ENDS, 'previews'],
    ['9: a bubble in three rows', BOTH, 'split-links'],
    ['9, with a link in the middle', 'before https://a.example/1 after', 'split-links'],
    ['10: rewritten marks', 'wait... what -- ok', 'smart-punctuation'],
  ] as const)('case %s is confirmed, and no hand of the owner', (_, bubble, rewrite) =>
    inHouse({ backend: { reflex: () => undefined, replies: () => [bubble, 'And more.'] } }, async house => {
      house.simulator.setOsascriptMode({ mode: 'ok', rewrite })
      await house.startConnected()
      await say(house, { text: 'hi' })
      await sees(house, ANNA, [bubble, 'And more.'])
      await waitFor('both to be confirmed', async () => (await house.status()).bubbles.confirmed === 2)
      expect((await house.status()).held).toMatchObject({ byHand: 0, takeover: { threads: 0 } })
    }),
  )
})

describe.concurrent('words live in more places than one', () => {
  test.each<[string, object, string]>([
    [
      '5: a subject and a text',
      { subject: 'These are all wrong', text: '196, 214, 519' },
      'These are all wrong\n196, 214, 519',
    ],
    ['6: a subject alone', { subject: 'Call me back today' }, 'Call me back today'],
    [
      '7: a picture with a subject',
      { subject: 'What is this plant?', attachments: [{ name: 'a.jpg' }] },
      'What is this plant?',
    ],
    [
      'a voice message that Messages has heard',
      { voice: { transcript: 'see you at five' } },
      '[voice message] see you at five',
    ],
  ])('case %s', (_, message, expected) =>
    inHouse({}, async house => {
      await house.startConnected()
      await say(house, message)
      await sees(house, ANNA, bubblesTo(expected))
    }),
  )

  test('a voice message is waited for until Messages has heard it', () =>
    inHouse({}, async house => {
      await house.startConnected()
      const { guid } = await say(house, { voice: {} })
      await sleep(1_000)
      house.simulator.transcribe(guid, 'see you at five')
      await sees(house, ANNA, bubblesTo('[voice message] see you at five'))
    }))

  test('case 16: a tapback that is told in words', () =>
    inHouse(
      { expected: { skipped: ['tapback'] }, backend: { reflex: () => undefined, replies: () => ['See you at 7'] } },
      async house => {
        const chat = `SMS;-;${ANNA}`
        await house.startConnected()
        await say(house, { chat, text: 'when?' })
        await sees(house, ANNA, ['See you at 7'])
        await settled(house)
        await say(house, { chat, text: 'Liked “See you at 7”' })
        await skipped(house, 'tapback')
        await say(house, { chat, text: 'Liked “See you at 8”' })
        await waitFor('what quotes nothing to be POSTed', () => texts(house).length === 2)
      },
    ))

  test('blanks and invisible characters are no words', () =>
    inHouse({ expected: { skipped: ['empty', 'empty'] } }, async house => {
      await house.startConnected()
      await say(house, { text: ' \n ' })
      await say(house, { text: '\u200B\u2800\u3164' })
      await skipped(house, 'empty', 2)
    }))
})

describe.concurrent('unknown is not normal', () => {
  const sms = (from: string, chat: object = {}) => ({ from, chat: { guid: `SMS;-;${from}`, ...chat } })
  test.each<[string, object, string]>([
    ['11: a chat that is junk', { chat: { guid: `any;-;${ANNA}`, isFiltered: 2 } }, 'junk'],
    ['13: a sender with a mark of the network', sms('56249(smsfp)', { isFiltered: 3 }), 'transactions'],
    ['14: a short code', sms('227898'), 'machine'],
    ['a sender that is a word', sms('MYBANK'), 'machine'],
    ['a blocked sender', { chat: { guid: `any;-;${ANNA}`, columns: { is_blackholed: 1 } } }, 'blocked'],
    ['spam', { columns: { is_spam: 1 } }, 'junk'],
    ['a value that nobody knows', { chat: { guid: `any;-;${ANNA}`, isFiltered: 9 } }, 'unrecognised'],
    ['15: a date of 0', { columns: { date: 0 } }, 'stale'],
    ['15: no date', { columns: { date: null } }, 'stale'],
  ])('case %s is not forwarded', (_, message, reason) =>
    inHouse({ expected: { skipped: 'any' } }, async house => {
      await house.startConnected()
      await say(house, { text: 'Your bank: reply YES to subscribe', ...message })
      await skipped(house, reason)
      expect(texts(house)).toEqual([])
    }),
  )

  test('case 12: an unknown sender is forwarded as before', () =>
    inHouse({}, async house => {
      await house.startConnected()
      await say(house, { chat: { guid: `any;-;${ANNA}`, isFiltered: 1 }, text: 'hi' })
      await sees(house, ANNA, bubblesTo('hi'))
    }))
})

const pictures = ({ dir }: House): string => {
  const file = join(dir, 'config.toml')
  writeFileSync(file, '[[forward.rules]]\nname = "pictures"\naction = "forward"\nattachments_only = true\n')
  return file
}
