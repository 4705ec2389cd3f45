import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { BY_HAND, type HumanAct, humanActs } from '../../src/lab/messages-simulator/human-acts.ts'
import { ANNA, BERT, phone } from './conversation.ts'
import { type House, waitFor } from './start-house.ts'
import { settled } from './two-bubbles.ts'
import { withHouse } from './with-house.ts'

const OWNER = 'assistant@example.com'
const PEOPLE = [ANNA, BERT, ...Array.from({ length: 30 }, (_, n) => phone(n))]
/** Every tenth text is answered, in words that Messages stores otherwise. */
const isAnswered = (text: string): boolean => /^(I say )?word\d*0$/.test(text)
const answerTo = (text: string): string => `Wait... about ${text} -- see https://example.com/answer for "more"`

/** So many acts of people, through so many kills: exactly their turns reach the backend, with every word, link and transcript. */
export const liveThroughActs = ({ gather = false, ...options }: ActsOptions) =>
  withHouse(
    {
      ...(gather && { env: { EDGE_FORWARD_GATHER: `${GATHER_MS}ms` } }),
      backend: {
        thinkMs: 20,
        reflex: () => undefined,
        replies: ({ filtered_text }) => (isAnswered(filtered_text) ? [answerTo(filtered_text)] : []),
      },
    },
    async house => {
      const acts = humanActs({ ...options, people: PEOPLE, owner: OWNER, pace: 0.02 })
      const { simulator } = house
      simulator.setOsascriptMode({ mode: 'ok', rewrite: 'split-links' })
      simulator.setOsascriptMode({ mode: 'ok', rewrite: 'previews' }, { target: BERT })
      simulator.setOsascriptMode({ mode: 'ok', rewrite: 'smart-punctuation' }, { target: ANNA })
      simulator.setOsascriptMode({ mode: 'ok', comesBack: { afterMs: 400, from: OWNER } }, { target: OWNER })
      await house.startConnected()
      await simulator.receive({ from: ANNA, text: 'the first, marked as finished' })
      if (gather) await sleep(2 * GATHER_MS)
      await Promise.all([playAll(house, acts, gather ? 2 * GATHER_MS : 5), killNowAndThen(house, acts, options.kills)])
      const turnsOf = (act: HumanAct): number => (gather ? Math.min(act.turns, 1) : act.turns)
      const turns = acts.reduce((sum, act) => sum + turnsOf(act), 1)
      await waitFor('every turn to reach the backend', () => textsByKey(house).size >= turns, 600_000)
      await settled(house)
      check(house, acts, turns, gather)
      const { bubbles, held, problems } = await house.status()
      const answers = house.events.filter(event => event.type === 'answered' && event.answer.includes('Wait...'))
      expect({ bubbles, byHand: held.byHand, problems }).toEqual({
        bubbles: { confirmed: new Set(answers.map(event => 'key' in event && event.key)).size },
        byHand: acts.filter(({ kind }) => kind === BY_HAND).length,
        problems: [],
      })
    },
  )

type ActsOptions = {
  readonly seed: number
  readonly count: number
  readonly kills: number
  /** With `forward.gather`: each act is one turn. */
  readonly gather?: boolean
}
const GATHER_MS = 3_000

const playAll = (house: House, acts: readonly HumanAct[], pauseMs: number) =>
  Promise.all(
    [...Map.groupBy(acts, laneOf).values()].map(async lane => {
      for (const act of lane) {
        await act.play(house.simulator)
        played += 1
        await sleep(pauseMs)
      }
    }),
  )
let played = 0

/** What somebody does is done one after the other; those who appear once come in between. */
const laneOf = ({ thread }: HumanAct, index: number): string =>
  thread === OWNER || PEOPLE.includes(thread) ? thread : (PEOPLE[index % PEOPLE.length] ?? '')

const killNowAndThen = async (house: House, acts: readonly HumanAct[], kills: number): Promise<void> => {
  const from = played
  for (let kill = 1; kill <= kills; kill++) {
    await waitFor('more to happen', () => played - from >= (acts.length * kill) / (kills + 1), 600_000)
    await house.killAgent()
    await house.startAgent()
  }
}

/** Per message the text that it reached the backend with. */
const textsByKey = (house: House): ReadonlyMap<string, string> =>
  new Map(
    house.events.flatMap(event =>
      event.type === 'posted' ? [[event.message.key ?? '', event.message.filtered_text]] : [],
    ),
  )

const check = (house: House, acts: readonly HumanAct[], turns: number, gather: boolean): void => {
  const texts = [...textsByKey(house).values()]
  const all = texts.join('\n')
  const words = new Map<string, number>()
  for (const word of all.split(/\s+/)) words.set(word, (words.get(word) ?? 0) + 1)
  const postsOf = (told: readonly string[]): number =>
    texts.filter(text => told.some(each => text.split(/\s+/).includes(each))).length
  const findings = acts.flatMap(({ kind, told, kept, turns: most }) => [
    ...(postsOf(told) > (gather ? 1 : most) ? [`${kind}: ${told.join(', ')} came in ${postsOf(told)} POSTs`] : []),
    ...told.filter(each => words.get(each) !== 1).map(each => `${kind}: ${each} came ${words.get(each) ?? 0} times`),
    ...kept
      .filter(each => words.has(each) || (each.includes(' ') && all.includes(each)))
      .map(each => `${kind}: ${each} came`),
  ])
  expect(findings).toEqual([])
  expect(texts.length).toBe(turns)
}
