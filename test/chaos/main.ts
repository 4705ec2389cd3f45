/**
 * Random load and random trouble for real processes, all out of one seed; then calm, and the reckoning: nothing lost,
 * nothing doubled, nothing out of order.
 *
 *     npm run chaos -- --help
 *
 * Exit code 1: something was found.
 */
import { summarize } from '../bench/statistics.ts'
import { collectFacts } from './collect-facts.ts'
import { type FirstBubble, PROMPT_MS } from './first-bubbles.ts'
import { judge } from './judge.ts'
import { makeTrouble } from './make-trouble.ts'
import type { PlannedMessage } from './plan-message.ts'
import { planTrouble } from './plan-trouble.ts'
import { mulberry32 } from './random.ts'
import { readOptions, USAGE } from './read-options.ts'
import { measureRecovery } from './recovery.ts'
import { settle } from './settle.ts'
import { startWorld } from './start-world.ts'
import { writeMessages } from './write-messages.ts'

const main = async (): Promise<void> => {
  const options = readOptions()
  if (options.help) return void process.stdout.write(USAGE)
  const { seed, json } = options
  const replay = `npm run chaos -- --seed ${seed} --backend ${options.backend} ${options.limits}`
  if (!json) print(`replay: ${replay}`)

  const world = await startWorld(options)
  const done: Record<string, number> = {}
  const written: PlannedMessage[] = []
  const startedMs = performance.now()
  const isOver = (): boolean =>
    performance.now() - startedMs >= options.minutes * 60_000 ||
    (done['kill-agent'] ?? 0) >= options.kills ||
    written.length >= options.messages ||
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
      writeMessages(world, options, written, isOver),
      makeTrouble(world, () => planTrouble(random, options.backend), isOver, count),
    ])
    const left = await settle(world, written.length)
    await world.stopAgent()
    progress.stop()

    const facts = collectFacts(world, written)
    const { findings, excused, swallowed } = judge(facts)
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
      firstBubbles: sumUpFirst(facts.firstBubbles),
      swallowed,
      excused: countBy(excused, ({ state, reason }) => `${state}: ${reason}`),
      findings: all,
    }
    print(json ? JSON.stringify(report, null, 2) : describe(report))
    if (!isFine) process.stderr.write(`evidence kept in ${world.dir}\n`)
  } finally {
    progress.stop()
    await world.close({ keep: !isFine })
  }
  process.exitCode = isFine ? 0 : 1
}

const sumUpFirst = (all: readonly FirstBubble[]) => {
  const [shown, agent] = [all.flatMap(({ shownMs }) => shownMs ?? []), all.flatMap(({ agentMs }) => agentMs ?? [])]
  return {
    messages: all.length,
    inTime: shown.filter(ms => ms <= PROMPT_MS).length,
    later: shown.filter(ms => ms > PROMPT_MS).length,
    heldBack: all.length - agent.length,
    ...(shown.length > 0 && { shownMs: summarize(shown) }),
    ...(agent.length > 0 && { agentMs: summarize(agent) }),
  }
}

/** An agent that keeps ending by itself is not worth the wait. */
const MAX_DEATHS = 5

const countBy = <T>(items: readonly T[], key: (item: T) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(items, key)].map(([name, group]) => [name, group.length]))

const describe = ({ findings, ...report }: { readonly findings: readonly object[] }): string =>
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
