/**
 * Random load and random trouble for real processes, all out of one seed; then calm, and the reckoning: nothing lost,
 * nothing doubled, nothing out of order.
 *
 *     node test/chaos/main.ts [--minutes N] [--kills K] [--seed S] [--backend KIND] [--json]
 *
 * Ends after N minutes or K kills of the agent, whichever comes first. Exit code 1: something was found.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { BACKEND_KINDS, type BackendKind } from './backend-kinds.ts'
import { collectFacts } from './collect-facts.ts'
import { type Finding, judge } from './judge.ts'
import { makeTrouble } from './make-trouble.ts'
import { type PlannedMessage, planMessage } from './plan-message.ts'
import { planTrouble } from './plan-trouble.ts'
import { mulberry32 } from './random.ts'
import { measureRecovery } from './recovery.ts'
import { startWorld, type World } from './start-world.ts'

const main = async (): Promise<void> => {
  const options = readOptions()
  const { seed, json } = options
  const replay = `node test/chaos/main.ts --seed ${seed} --backend ${options.backend} ${options.limits}`
  if (!json) print(`replay: ${replay}`)

  const world = await startWorld(options)
  const done: Record<string, number> = {}
  const written: PlannedMessage[] = []
  const startedMs = performance.now()
  const isOver = (): boolean =>
    performance.now() - startedMs >= options.minutes * 60_000 ||
    (done['kill-agent'] ?? 0) >= options.kills ||
    world.deaths.length >= MAX_DEATHS
  const progress = showProgress(
    () => `${done['kill-agent'] ?? 0} kills, ${written.length} messages, ${world.sent()} bubbles sent`,
  )
  process.once('SIGINT', () => void world.close({ keep: false }).finally(() => process.exit(130)))
  let isFine = false
  try {
    const random = mulberry32(seed)
    const count = (kind: string): void => {
      done[kind] = (done[kind] ?? 0) + 1
    }
    await Promise.all([
      writeMessages(world, seed, written, isOver),
      makeTrouble(world, () => planTrouble(random), isOver, count),
    ])
    const left = await settle(world, written.length)
    await world.stopAgent()
    progress.stop()

    const facts = collectFacts(world, written)
    const { findings, excused } = judge(facts)
    const all: readonly { readonly kind: string; readonly evidence: string }[] = [
      ...findings,
      ...left.map(evidence => ({ kind: 'not settled', evidence })),
      ...world.deaths.map(evidence => ({ kind: 'died', evidence })),
    ]
    isFine = all.length === 0
    const report = {
      seed,
      backend: options.backend,
      replay,
      minutes: Math.round((performance.now() - startedMs) / 600) / 100,
      done,
      messages: written.length,
      posts: facts.journal.filter(({ type }) => type === 'posted').length,
      bubblesSent: facts.ledger.length,
      commands: facts.commands.length,
      connections: facts.journal.filter(({ type }) => type === 'connected').length,
      afterKillMs: {
        toConnection: measureRecovery(world.lives, facts.journal, 'connected'),
        toFirstPost: measureRecovery(world.lives, facts.journal, 'posted'),
      },
      excused: countBy(excused, ({ state, reason }) => `${state}: ${reason}`),
      findings: all,
    }
    print(json ? JSON.stringify(report, null, 2) : describe(report))
    if (!isFine) print(`evidence kept in ${world.dir}`)
  } finally {
    progress.stop()
    await world.close({ keep: !isFine })
  }
  process.exitCode = isFine ? 0 : 1
}

/** An agent that keeps ending by itself is not worth the wait. */
const MAX_DEATHS = 5

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      kills: { type: 'string' },
      seed: { type: 'string' },
      backend: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const seed = toNumber('seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 31)))
  const kinds = Object.keys(BACKEND_KINDS) as [BackendKind, ...BackendKind[]]
  const backend = (values.backend ?? kinds[seed % kinds.length]) as BackendKind
  if (!kinds.includes(backend)) throw new Error(`--backend is one of ${kinds.join(', ')}`)
  const kills = values.kills === undefined ? Number.POSITIVE_INFINITY : toNumber('kills', values.kills)
  const minutes = toNumber('minutes', values.minutes ?? (values.kills === undefined ? '2' : '1000'))
  const limits = `--minutes ${minutes}${values.kills === undefined ? '' : ` --kills ${kills}`}`
  return { seed, backend, kills, minutes, limits, json: values.json }
}

const toNumber = (name: string, value: string): number => {
  const number = Number(value)
  if (value === '' || !(number >= 0)) throw new Error(`--${name} is a number, not "${value}"`)
  return number
}

/** People write as planned, but wait while too much of what they are owed has not come. */
const writeMessages = async (
  world: World,
  seed: number,
  written: PlannedMessage[],
  isOver: () => boolean,
): Promise<void> => {
  let owed = 0
  for (let n = 0; !isOver(); n += 1) {
    while (owed - world.sent() > MAX_BACKLOG && !isOver()) await sleep(100)
    const message = planMessage(seed, n)
    await world.receive(message)
    written.push(message)
    owed += message.bubbles.length - message.sends.filter(({ mode }) => NEVER_SENT.has(mode.mode)).length
    await sleep(message.pauseMs)
  }
}

const MAX_BACKLOG = 40
const NEVER_SENT: ReadonlySet<string> = new Set(['hang', 'error-row'])

/** Waits until the agent has nothing more to do; says what was left when patience ended. */
const settle = async (world: World, messages: number): Promise<string[]> => {
  const deadline = performance.now() + SETTLE_MS
  for (;;) {
    const left = await findLeft(world, messages)
    if (left.length === 0 || performance.now() > deadline) return left
    await sleep(500)
  }
}

/** Longer than the longest wait of the agent: two minutes for a row, a minute of back-off. */
const SETTLE_MS = 6 * 60_000

const findLeft = async (world: World, written: number): Promise<string[]> => {
  try {
    const { messages, bubbles, commands, problems, connection } = await world.status()
    const seen = Object.values(messages).reduce((sum, count) => sum + count, 0)
    const open = { ...messages, ...bubbles, received: commands['received'] }
    return [
      ...(seen < written ? [`${written - seen} messages were never seen`] : []),
      ...OPEN_STATES.flatMap(state => (open[state] ? [`${open[state]} ${state}`] : [])),
      ...findUnackedSoFar(world),
      ...(connection.state === 'open' ? [] : [`the connection is ${connection.state}`]),
      ...problems.map(({ code }) => `problem ${code}`),
    ]
  } catch (error) {
    return [`no status: ${error instanceof Error ? error.message : error}`]
  }
}

const OPEN_STATES = ['queued', 'posting', 'waiting', 'planned', 'sending', 'sent', 'unknown', 'received'] as const

const findUnackedSoFar = (world: World): string[] => {
  const acks = world.journal().flatMap(entry => (entry.type === 'ack' ? [entry] : []))
  const final = new Set(acks.filter(({ status }) => status !== 'received').map(({ commandId }) => commandId))
  const open = new Set(acks.map(({ commandId }) => commandId).filter(commandId => !final.has(commandId)))
  return open.size === 0 ? [] : [`${open.size} commands without a final ack`]
}

const countBy = <T>(items: readonly T[], key: (item: T) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(items, key)].map(([name, group]) => [name, group.length]))

const describe = ({ findings, ...report }: { readonly findings: readonly (Finding | object)[] }): string =>
  [
    JSON.stringify(report, null, 2),
    ...findings.map(finding => JSON.stringify(finding)),
    findings.length === 0 ? 'nothing lost, nothing doubled, nothing out of order' : `${findings.length} findings`,
  ].join('\n')

/** One line that is written over, where a person looks on. */
const showProgress = (line: () => string) => {
  if (!process.stderr.isTTY) return { stop: () => {} }
  const timer = setInterval(() => process.stderr.write(`\r\x1b[K${line()}`), 500)
  return {
    stop: () => {
      clearInterval(timer)
      process.stderr.write('\r\x1b[K')
    },
  }
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

await main()
