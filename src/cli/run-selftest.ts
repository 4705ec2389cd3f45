import { release, type as systemName } from 'node:os'
import { z } from 'zod'
import type { AgentStatus } from '../agent/agent.ts'
import { askAgent } from '../agent/control/ask-agent.ts'
import { controlSocketPath } from '../agent/control/socket-path.ts'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { SELFTEST_STEPS, type SelftestRun, type SelftestStep, type SelftestWay } from '../agent/core/selftest.ts'
import type { WarmTrial } from '../agent/core/warmth.ts'
import type { ConfigInput } from '../config/inspect-config.ts'
import { loadStateDir } from '../config/load-config.ts'
import { runTool } from '../mac/macos/run-tool.ts'
import { toJson } from './to-json.ts'

type Report = {
  /** The last two digits alone. */
  readonly to: string
  readonly versions: { readonly agent: string; readonly node: string; readonly system: string }
  readonly runs: readonly SelftestRun[]
  readonly mediansMs: SelftestRun['stepsMs']
  /** With --ways: the steps that send nothing, and the medians of each way. */
  readonly ways?: {
    readonly trial: WarmTrial
    readonly mediansMs: { readonly [way in SelftestWay]: SelftestRun['stepsMs'] }
  }
}

/**
 * Has the running agent send its lines, and prints how that went; sets exit code 1 where one did not come through.
 *
 * @throws EdgeError `not_running` (exit 3), `usage`, `unknown_thread`, `automation_denied` (exit 77).
 */
export const runSelftest = async (input: ConfigInput, rawOptions: unknown): Promise<void> => {
  const { to, ways, json, count = ways ? 5 : 1 } = parseOptions(rawOptions)
  const socket = controlSocketPath(loadStateDir(input))
  const say = (words: string): void => {
    if (!json && process.stderr.isTTY) process.stderr.write(`${words} …\n`)
  }
  // Both ends are this very program, of one version: the agent answers with its own types.
  const { agent } = (await askAgent(socket, 'status')) as AgentStatus
  if (ways) say('steps that send nothing')
  const trial = ways ? ((await askAgent(socket, 'try-warm', { to }, PATIENCE_MS)) as WarmTrial) : undefined
  const lines = ways ? alternate(count, trial?.verdict === 'passed') : Array.from({ length: count }, () => undefined)
  const runs: SelftestRun[] = []
  for (const [index, way] of lines.entries()) {
    say(`line ${index + 1} of ${lines.length}${way === undefined ? '' : `, ${way}`}`)
    const request = { to, number: index + 1, count: lines.length, way }
    runs.push((await askAgent(socket, 'selftest', request, PATIENCE_MS)) as SelftestRun)
    if (runs.at(-1)?.outcome !== 'confirmed') break
  }
  const versions = { agent: agent.version, node: agent.node, system: await systemVersion() }
  const of = (way: SelftestWay) => medians(runs.filter(run => run.way === way))
  const report: Report = {
    to: lastTwo(to),
    versions,
    runs,
    mediansMs: medians(runs),
    ...(trial && { ways: { trial, mediansMs: { warm: of('warm'), cold: of('cold') } } }),
  }
  process.stdout.write(json ? `${toJson(report, 2)}\n` : `${describe(report, lines.length).join('\n')}\n`)
  const last = runs.at(-1)?.outcome
  process.exitCode = last === 'confirmed' ? EXIT.ok : last === 'not_allowed' ? EXIT.permission : EXIT.failure
}

/** In turns, so that whatever else the Mac does hits both; cold ones alone where nothing can stand ready. */
const alternate = (count: number, isWarm: boolean): readonly SelftestWay[] =>
  Array.from({ length: count }, (): readonly SelftestWay[] => (isWarm ? ['warm', 'cold'] : ['cold'])).flat()

/** Longer than the agent waits for a line. */
const PATIENCE_MS = 200_000

const parseOptions = (raw: unknown): z.infer<typeof optionsSchema> => {
  const parsed = optionsSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw new EdgeError('usage', `Invalid option value:\n${z.prettifyError(parsed.error)}`, {
    remedy: 'See edge-agent selftest --help.',
    exit: EXIT.usage,
  })
}

const optionsSchema = z.object({
  to: z.string().trim().min(3),
  count: z
    .string()
    .regex(/^\d+$/, 'Expected a whole number')
    .transform(Number)
    .pipe(z.number().min(1).max(20))
    .optional(),
  ways: z.boolean().default(false),
  json: z.boolean().default(false),
})

const systemVersion = async (): Promise<string> => {
  const end = await runTool('sw_vers', ['-productVersion'])
  const version = end.kind === 'exited' && end.code === 0 ? end.stdout.trim() : ''
  return version === '' ? `${systemName()} ${release()}` : `macOS ${version}`
}

const lastTwo = (to: string): string => (to.includes('@') ? '…@…' : `…${to.replace(/\D/g, '').slice(-2)}`)

const medians = (runs: readonly SelftestRun[]): SelftestRun['stepsMs'] =>
  Object.fromEntries(
    SELFTEST_STEPS.flatMap(step => {
      const times = runs.flatMap(({ stepsMs }) => stepsMs[step] ?? []).toSorted((a, b) => a - b)
      const middle = times[Math.floor((times.length - 1) / 2)]
      return middle === undefined ? [] : [[step, middle]]
    }),
  )

const describe = ({ to, versions, runs, mediansMs, ways }: Report, count: number): string[] => {
  const failed = runs.find(({ outcome }) => outcome !== 'confirmed')
  const came = runs.filter(({ outcome }) => outcome === 'confirmed').length
  return [
    `edge-agent ${versions.agent}, node ${versions.node}, ${versions.system}`,
    ...(ways ? [`warm way, steps that send nothing: ${describeTrial(ways.trial)}`] : []),
    `to ${to}: ${came} of ${count} ${count === 1 ? 'line' : 'lines'} confirmed by chat.db`,
    '',
    ...(ways
      ? (['warm', 'cold'] as const).flatMap(way =>
          describeRuns(
            ways.mediansMs[way],
            runs.filter(run => run.way === way),
            `${way}, `,
          ),
        )
      : describeRuns(mediansMs, runs)),
    ...(failed === undefined ? [] : ['', ...explain(failed)]),
  ]
}

const describeTrial = (trial: WarmTrial): string => {
  if (trial.verdict === 'undecided') return `not decided (${trial.reason})`
  if (trial.verdict === 'failed') return `FAILED at "${trial.step}" (${trial.reason})`
  const memory = trial.rssKb === undefined ? '' : `, ${Math.round(trial.rssKb / 1000)} MB`
  return `passed; ready after ${trial.readyMs} ms${memory}`
}

const describeRuns = (mediansMs: SelftestRun['stepsMs'], runs: readonly SelftestRun[], name = ''): string[] =>
  runs.length === 0
    ? []
    : [
        `${name}milliseconds since it was planned${runs.length > 1 ? ', the median, and each' : ''}:`,
        ...stepsOf(runs).map(step => describeStep(step, mediansMs, runs)),
      ]

/** Of the two ways to begin the one that was seen; all others, so that what is missing shows. */
const stepsOf = (runs: readonly SelftestRun[]): readonly SelftestStep[] =>
  SELFTEST_STEPS.filter(step => {
    const way = step === 'job handed' ? 'warm' : step === 'osascript started' ? 'cold' : undefined
    return way === undefined || runs.some(run => run.way === way)
  })

const describeStep = (step: SelftestStep, mediansMs: SelftestRun['stepsMs'], runs: readonly SelftestRun[]): string => {
  const show = (ms: number | undefined): string => (ms === undefined ? '-' : ms.toFixed(1)).padStart(9)
  const each = runs.length > 1 ? runs.map(({ stepsMs }) => show(stepsMs[step])).join('') : ''
  return `  ${step.padEnd(18)}${show(mediansMs[step])}${each === '' ? '' : `   ${each}`}`
}

const explain = ({ outcome, state, reason, tries }: SelftestRun): string[] => {
  const said = `state ${state}${reason === undefined ? '' : ` (${reason})`} after ${tries} ${tries === 1 ? 'try' : 'tries'}`
  return [`NOT CONFIRMED: ${outcome.replaceAll('_', ' ')}; ${said}`, `  ${CURES[outcome] ?? ''}`]
}

const CURES: Readonly<Partial<Record<SelftestRun['outcome'], string>>> = {
  failed: 'Messages refused it. Check that Messages is signed in and that you can write to this number by hand.',
  parked: 'It is not known whether it went out. Check the other device, then run: edge-agent queue.',
  not_allowed: 'macOS does not let the agent control Messages. To see what to allow: edge-agent status.',
  timed_out:
    'It did not finish in time. Check that Messages is open and signed in, and that no prompt is waiting on screen.',
}
