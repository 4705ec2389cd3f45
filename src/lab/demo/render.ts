import type { styleText } from 'node:util'
import type { Verdict } from './judge.ts'
import type { DemoEvent, DemoReport } from './play-demo.ts'
import { PERSON } from './scenes.ts'
import type { Moment, Said } from './tell-timeline.ts'

/** Colours a text, or leaves it as it is. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string

export const renderOpening = (paint: Paint): string =>
  lines(
    `${paint('bold', 'edge-agent demo')}: everything is simulated, your Messages are never touched.`,
    paint('dim', 'Messages, backend and agent run as separate processes, for about ten seconds.'),
    '',
  )

/** What is printed when something happens: whole lines, of 80 columns at most. */
export const renderEvent = (event: DemoEvent, paint: Paint): string => {
  switch (event.kind) {
    case 'scene':
      return lines(paint('bold', `${event.number}  ${event.title}`))
    case 'starting':
      return lines(paint('dim', `   starting ${event.names} …`), '')
    case 'said':
      return renderSaid(event.said, paint)
    case 'intervened':
      return renderIntervention(event.moment, paint)
    case 'timeline':
      return renderTimeline(event.timeline, paint)
  }
}

export const renderReport = ({ verdict }: DemoReport, paint: Paint): string =>
  lines(
    paint('bold', 'Summary: what the person received, compared with what the backend sent'),
    ...renderVerdict(verdict, paint),
    '',
    ...(verdict.ok ? renderNext(paint) : NOT_KEPT),
  )

const WIDTH = 78
const TIME_WIDTH = 9

/** As on the person's phone: their own bubbles on the right. */
const renderSaid = ({ from, text, ms }: Said, paint: Paint): string => {
  const time = paint('dim', stamp(ms))
  if (from === 'assistant') return lines(`${time}   ${paint(['bgGray', 'whiteBright'], `( ${text} )`)}`)
  const bubble = `( ${text} )`
  const names = `${' '.repeat(TIME_WIDTH + 3)}${'assistant'.padEnd(WIDTH - TIME_WIDTH - 3 - PERSON.length)}${PERSON}`
  const gap = ' '.repeat(Math.max(1, WIDTH - TIME_WIDTH - bubble.length))
  return lines(paint('dim', names), `${time}${gap}${paint(['bgBlue', 'whiteBright'], bubble)}`)
}

const renderIntervention = ({ ms, label }: Moment, paint: Paint): string =>
  lines(`${paint('dim', stamp(ms))}   ${paint('yellow', `— ${label} —`)}`)

const renderTimeline = (timeline: readonly Moment[], paint: Paint): string =>
  lines(
    '',
    paint('dim', `${'commit +'.padStart(TIME_WIDTH)}   ${'seen by'.padEnd(11)}what`),
    ...timeline.map(({ ms, seenBy, label }) => `${stamp(ms)}   ${paint('dim', seenBy.padEnd(11))}${label}`),
    '',
  )

const renderVerdict = (verdict: Verdict, paint: Paint): readonly string[] => {
  const { bubbles, lost, doubled, outOfOrder, late, reflexMs, reflexLimitMs } = verdict
  const times = reflexMs.map(ms => (ms === null ? 'never' : `${ms} ms`)).join(' and ')
  const row = (name: string, faults: number, value: string): string =>
    `  ${faults === 0 ? paint('green', '✓') : paint('red', '✗')} ${name.padEnd(14)}${value}`
  return [
    row('lost', lost, `${lost} of ${bubbles} bubbles`),
    row('sent twice', doubled, `${doubled}`),
    row('out of order', outOfOrder, `${outOfOrder}`),
    row('reflex', late, `${times} over the WebSocket; the limit is ${reflexLimitMs} ms`),
  ]
}

const renderNext = (paint: Paint): readonly string[] => [
  paint('bold', 'Try next'),
  ...NEXT.map(([command, what]) => `  ${`edge-agent ${command}`.padEnd(33)}${paint('dim', what)}`),
]

/** Each of them answers to --help. */
export const NEXT: readonly (readonly [command: string, what: string])[] = [
  ['demo --web', 'write messages yourself, in the browser'],
  ['demo --keep', 'again, keeping chat.db, ledger and logs'],
  ['mock-backend --help', 'a backend for testing your own agent'],
  ['config check', 'check the settings for your backend'],
  ['start', "run the agent with this Mac's Messages"],
  ['status', "show the agent's status"],
]

const NOT_KEPT = [
  'Some checks failed. Run it again with --keep and look in its folder,',
  'at agent.log and messages/ledger.jsonl. A busy machine can make a reflex late.',
]

const stamp = (ms: number): string => `${ms} ms`.padStart(TIME_WIDTH)

const lines = (...all: readonly string[]): string => all.map(line => `${line}\n`).join('')
