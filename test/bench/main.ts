/**
 * Measures the agent as built, beside the floor of each figure: those that are named, or all that do not take long.
 *
 *     node test/bench/main.ts [--json] [commit-to-post] [frame-to-osascript] [frame-to-sent] [schedule] [idle-cpu] [memory] [http-client]
 *         [reconnect] [after-a-pause] [backend-load] [router] [peers [--adapter FILE]...]
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { afterAPause } from './after-a-pause.ts'
import { backendLoad } from './backend-load.ts'
import { commitToPost } from './commit-to-post.ts'
import type { Figure, Row } from './figure.ts'
import { frameToOsascript } from './frame-to-osascript.ts'
import { frameToSent } from './frame-to-sent.ts'
import { httpClient } from './http-client.ts'
import { idleCpu } from './idle-cpu.ts'
import { memory } from './memory.ts'
import { comparePeers } from './peers.ts'
import { reconnect } from './reconnect.ts'
import { router } from './router.ts'
import { schedule } from './schedule.ts'

const FIGURES: Readonly<Record<string, (asked: Asked) => Promise<Figure | readonly Figure[]>>> = {
  'commit-to-post': commitToPost,
  'frame-to-osascript': frameToOsascript,
  'frame-to-sent': frameToSent,
  schedule,
  'idle-cpu': idleCpu,
  memory,
  'http-client': httpClient,
  reconnect,
  'after-a-pause': afterAPause,
  'backend-load': backendLoad,
  router,
  peers: comparePeers,
}

/** `adapters`: modules of agents to be compared with ours. */
type Asked = { readonly adapters: readonly string[] }

/** What takes its time, or compares: by name only. */
const SLOW: ReadonlySet<string> = new Set(['reconnect', 'after-a-pause', 'peers'])

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'boolean' }, adapter: { type: 'string', multiple: true } },
    allowPositionals: true,
  })
  const names = positionals.length > 0 ? positionals : Object.keys(FIGURES).filter(name => !SLOW.has(name))
  const figures: Record<string, Figure | readonly Figure[]> = {}
  if (!values.json) print(machine())
  for (const name of names) {
    const measure = FIGURES[name]
    if (measure === undefined) throw new Error(`no figure ${name}: there are ${Object.keys(FIGURES).join(', ')}`)
    const figure = await measure({ adapters: values.adapter ?? [] })
    figures[name] = figure
    if (!values.json) for (const one of [figure].flat()) print(`\n${table(name, one)}`)
  }
  if (values.json) print(JSON.stringify({ machine: machine(), figures }, null, 2))
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const machine = (): string =>
  `${process.platform} ${process.arch}, ${availableParallelism()} cores, Node ${process.versions.node}`

const table = (name: string, { title, unit, rows }: Figure): string =>
  [
    `${name}: ${title} (${unit})`,
    line('', 'median', 'p90', 'p99', 'worst', 'samples', 'goal'),
    ...rows.map(describe),
  ].join('\n')

const describe = ({ what, kind, median, p90, p99, worst, samples, perSecond, goal, spread, note }: Row): string => {
  const rate = perSecond && `${Math.round(perSecond)} a second`
  const rounds = spread && `rounds ${number(spread[0])}–${number(spread[1])}`
  const verdict = goal && `${goal.words}: ${median <= goal.atMost ? 'met' : 'MISSED'}`
  return line(
    kind === 'floor' ? `floor: ${what}` : what,
    number(median),
    number(p90),
    number(p99),
    number(worst),
    String(samples),
    [verdict, rate, rounds, note].filter(Boolean).join('; '),
  )
}

const line = (
  what: string,
  ...[median = '', p90 = '', p99 = '', worst = '', samples = '', goal = '']: string[]
): string =>
  `  ${what.padEnd(38)} ${median.padStart(8)} ${p90.padStart(8)} ${p99.padStart(8)} ${worst.padStart(8)} ${samples.padStart(8)}   ${goal}`.trimEnd()

const number = (value: number): string => value.toFixed(value < 1 ? 3 : value < 20 ? 2 : 1)

await main()
