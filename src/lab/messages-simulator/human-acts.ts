import { setTimeout as sleep } from 'node:timers/promises'
import { type ChatDbWriter, type IncomingSpec, toAppleDate } from './chat-db-writer.ts'

/** One thing that a person does, and what has to reach a backend of it. */
export type HumanAct = {
  readonly kind: string
  readonly thread: string
  /** How many POSTs it is, where each message is one. */
  readonly turns: number
  /** Words, links and transcripts that have to reach the backend, and what must not. */
  readonly told: readonly string[]
  readonly kept: readonly string[]
  /** Writes its rows as Messages would; resolves when the last one is there. */
  readonly play: (writer: ChatDbWriter) => Promise<void>
}

export type HumanActsOptions = {
  readonly seed: number
  readonly count: number
  /** Addresses of those who write. */
  readonly people: readonly string[]
  /** The owner's own address, of a chat with oneself. */
  readonly owner: string
  /** What a wait of Messages or of a person is multiplied by: 1 is as it was reported. */
  readonly pace?: number
}

/** What people do, in an order that a seed decides: each shape in which Messages was reported to write it comes up. */
export const humanActs = ({ seed, count, people, owner, pace = 1 }: HumanActsOptions): readonly HumanAct[] => {
  const random = mulberry(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  return Array.from({ length: count }, (_, n): HumanAct => {
    const [kind, make] = pick(SHAPES)
    const isToSelf = kind === 'to oneself'
    const from = isToSelf ? owner : pick(people)
    const wait = (from: number, to: number): number => (from + random() * (to - from)) * pace
    const { thread = from, ...act } = make({ n, from, wait, random })
    return { kind, thread, kept: [], ...act }
  })
}

type Scene = {
  readonly n: number
  readonly from: string
  /** Some time between these, in milliseconds. */
  readonly wait: (from: number, to: number) => number
  readonly random: () => number
}
type Made = Pick<HumanAct, 'turns' | 'told' | 'play'> & Partial<Pick<HumanAct, 'kept' | 'thread'>>
type Row = Omit<IncomingSpec, 'chat' | 'from'> & Partial<Pick<IncomingSpec, 'chat' | 'from'>>

const word = (n: number, part = ''): string => `word${n}${part}`
const link = (n: number): string => `https://example.com/page/${n}`
const guidOf = (n: number): string => `ACT-${String(n).padStart(8, '0')}`

/** Rows one after the other, each some time after the one before. */
const rows = ({ from, wait }: Scene, ...all: readonly Row[]): HumanAct['play'] => {
  const pauses = all.map((_, index) => (index === 0 ? 0 : wait(200, 5_500)))
  return async writer => {
    for (const [index, row] of all.entries()) {
      await sleep(pauses[index])
      await writer.writeIncoming({ chat: `any;-;${from}`, from, ...row })
    }
  }
}

/** What the owner writes by hand, seen as incoming at first. */
export const BY_HAND = "the owner's row"

const SHAPES: readonly (readonly [kind: string, make: (scene: Scene) => Made])[] = [
  ['text', scene => ({ turns: 1, told: [word(scene.n)], play: rows(scene, { text: `I say ${word(scene.n)}` }) })],
  [
    'burst',
    scene => {
      const words = ['a', 'b', 'c'].slice(0, 2 + Math.floor(scene.random() * 2)).map(part => word(scene.n, part))
      return { turns: words.length, told: words, play: rows(scene, ...words.map(text => ({ text }))) }
    },
  ],
  [
    'text with a link, and its preview',
    scene => {
      const { n } = scene
      const text = scene.random() < 0.5 ? `${word(n)} ${link(n)}` : `${link(n)} is ${word(n)}`
      return { turns: 1, told: [word(n), link(n)], play: rows(scene, { text }, { balloon: link(n) }) }
    },
  ],
  [
    'link, first without its preview',
    scene => ({
      turns: 1,
      told: [link(scene.n)],
      play: rows(scene, { text: link(scene.n) }, { balloon: link(scene.n) }),
    }),
  ],
  [
    'words, then the link',
    scene => ({
      turns: 2,
      told: [word(scene.n), link(scene.n)],
      play: rows(scene, { text: word(scene.n) }, { balloon: link(scene.n) }),
    }),
  ],
  [
    'link, then the words',
    scene => ({
      turns: 2,
      told: [word(scene.n), link(scene.n)],
      play: rows(scene, { balloon: link(scene.n) }, { text: word(scene.n) }),
    }),
  ],
  [
    'link between words',
    scene => ({
      turns: 3,
      told: [word(scene.n, 'a'), link(scene.n), word(scene.n, 'b')],
      play: rows(scene, { text: word(scene.n, 'a') }, { balloon: link(scene.n) }, { text: word(scene.n, 'b') }),
    }),
  ],
  [
    'preview without a text',
    scene => ({
      turns: 1,
      told: [link(scene.n)],
      play: rows(scene, { text: '\uFFFC', balloon: link(scene.n) }),
    }),
  ],
  [
    'voice message',
    scene => ({
      turns: 1,
      told: [word(scene.n)],
      play: rows(scene, { voice: { transcript: `I heard ${word(scene.n)}` } }),
    }),
  ],
  [
    'voice message that is heard later',
    scene => {
      const write = rows(scene, { voice: {}, columns: { guid: guidOf(scene.n) } })
      const heardMs = scene.wait(500, 3_000)
      return {
        turns: 1,
        told: [word(scene.n)],
        play: async writer => {
          await write(writer)
          await sleep(heardMs)
          writer.transcribe(guidOf(scene.n), `I heard ${word(scene.n)}`)
        },
      }
    },
  ],
  [
    'pictures with a caption',
    scene => {
      const picture = { attachments: [{ name: `${scene.n}.jpg` }] }
      return { turns: 1, told: [word(scene.n)], play: rows(scene, picture, picture, { text: word(scene.n) }) }
    },
  ],
  [
    'subject',
    scene => {
      const { n } = scene
      const isAlone = scene.random() < 0.3
      const row = isAlone ? { subject: word(n, 'a') } : { subject: word(n, 'a'), text: word(n, 'b') }
      return { turns: 1, told: isAlone ? [word(n, 'a')] : [word(n, 'a'), word(n, 'b')], play: rows(scene, row) }
    },
  ],
  [
    'edited at once',
    scene => ({
      turns: 1,
      told: [word(scene.n, 'new')],
      kept: [word(scene.n, 'old')],
      play: late(scene, word(scene.n, 'old'), writer => writer.editMessage(guidOf(scene.n), word(scene.n, 'new'))),
    }),
  ],
  [
    'unsent at once',
    scene => ({
      turns: 0,
      told: [],
      kept: [word(scene.n)],
      play: late(scene, word(scene.n), writer => writer.unsendMessage(guidOf(scene.n))),
    }),
  ],
  [
    'text whose chat comes late',
    scene => ({
      turns: 1,
      told: [word(scene.n)],
      play: late(scene, word(scene.n)),
    }),
  ],
  [
    'text that Messages in iCloud brings again',
    scene => ({
      turns: 1,
      told: [word(scene.n)],
      play: async writer => rows(scene, ...twice({ text: word(scene.n) }))(writer),
    }),
  ],
  [
    'tapback',
    scene => ({
      turns: 0,
      told: [],
      kept: [word(scene.n)],
      play: rows(scene, {
        text: `Loved “${word(scene.n)}”`,
        columns: { associated_message_type: 2000, associated_message_guid: `p:0/${guidOf(scene.n)}` },
      }),
    }),
  ],
  [
    'tapback in words',
    scene => ({
      turns: 1,
      told: [word(scene.n)],
      kept: [`Reacted 🎉 to “${word(scene.n)}”`],
      play: rows(scene, { text: word(scene.n) }, { text: `Reacted 🎉 to “${word(scene.n)}”` }),
    }),
  ],
  ['to oneself', scene => ({ turns: 1, told: [word(scene.n)], play: rows(scene, { text: word(scene.n) }) })],
  [
    'junk',
    scene => {
      const thread = `stranger${scene.n}@example.com`
      const chat = { guid: `any;-;${thread}`, isFiltered: 2 }
      return {
        turns: 0,
        told: [],
        kept: [word(scene.n)],
        thread,
        play: rows(scene, { from: thread, chat, text: word(scene.n) }),
      }
    },
  ],
  [
    'machine',
    scene => {
      const thread =
        scene.random() < 0.5 ? String(20_000 + (scene.n % 900_000)).slice(0, 6) : `${20_000 + scene.n}(smsfp)`
      const row = { from: thread, chat: `SMS;-;${thread}`, text: word(scene.n) }
      return { turns: 0, told: [], kept: [word(scene.n)], thread, play: rows(scene, row) }
    },
  ],
  [
    BY_HAND,
    scene => {
      // Where the owner writes, answers are held back.
      const thread = `friend${scene.n}@example.com`
      const row = {
        from: thread,
        chat: `any;-;${thread}`,
        text: word(scene.n),
        columns: { is_from_me: 1 },
        atFirst: { is_from_me: 0, is_finished: 0 },
        settleMs: scene.wait(100, 400),
      }
      return { turns: 0, told: [], kept: [word(scene.n)], thread, play: rows(scene, row) }
    },
  ],
  [
    'no date',
    scene => ({
      turns: 0,
      told: [],
      kept: [word(scene.n)],
      play: rows(scene, { text: word(scene.n), columns: { date: 0 } }),
    }),
  ],
  ['blanks', scene => ({ turns: 0, told: [], play: rows(scene, { text: ' \u200B\n' }) })],
]

/** A text that is in no chat for a while, in which something happens to it. */
const late = (
  { n, from, wait }: Scene,
  text: string,
  meanwhile: (writer: ChatDbWriter) => unknown = () => {},
): HumanAct['play'] => {
  const joinMs = wait(300, 2_000)
  return async writer => {
    const columns = { guid: guidOf(n) }
    const written = writer.writeIncoming({ chat: `any;-;${from}`, from, text, columns, joinMs })
    meanwhile(writer)
    await written
  }
}

/** The same row twice, of one moment: that in which the first is written. */
const twice = (row: Row): readonly Row[] => {
  const columns = { date: toAppleDate(Date.now()) }
  return [row, row].map(each => ({ ...each, columns }))
}

/** Small, fast, and the same everywhere. */
const mulberry = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
