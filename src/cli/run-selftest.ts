import { release, type as systemName } from 'node:os'
import { z } from 'zod'
import type { AgentStatus } from '../agent/agent.ts'
import { askAgent } from '../agent/control/ask-agent.ts'
import { controlSocketPath } from '../agent/control/socket-path.ts'
import { EdgeError, EXIT } from '../agent/core/errors.ts'
import { SELFTEST_STEPS, type SelftestRun, type SelftestStep } from '../agent/core/selftest.ts'
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
}

/**
 * Has the running agent send its lines, and prints how that went; sets exit code 1 where one did not come through.
 *
 * @throws EdgeError `not_running` (exit 3), `usage`, `unknown_thread`, `automation_denied` (exit 77).
 */
export const runSelftest = async (input: ConfigInput, rawOptions: unknown): Promise<void> => {
  const { to, count, json } = parseOptions(rawOptions)
  const socket = controlSocketPath(loadStateDir(input))
  // Both ends are this very program, of one version: the agent answers with its own types.
  const { agent } = (await askAgent(socket, 'status')) as AgentStatus
  const runs: SelftestRun[] = []
  for (let number = 1; number <= count; number++) {
    if (!json && process.stderr.isTTY) process.stderr.write(`line ${number} of ${count} …\n`)
    runs.push((await askAgent(socket, 'selftest', { to, number, count }, PATIENCE_MS)) as SelftestRun)
    if (runs.at(-1)?.outcome !== 'confirmed') break
  }
  const versions = { agent: agent.version, node: agent.node, system: await systemVersion() }
  const report = { to: lastTwo(to), versions, runs, mediansMs: medians(runs) }
  process.stdout.write(json ? `${toJson(report, 2)}\n` : `${describe(report, count).join('\n')}\n`)
  const last = runs.at(-1)?.outcome
  process.exitCode = last === 'confirmed' ? EXIT.ok : last === 'not_allowed' ? EXIT.permission : EXIT.failure
}

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
  count: z.string().regex(/^\d+$/, 'Expected a whole number').transform(Number).pipe(z.number().min(1).max(20)),
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

const describe = ({ to, versions, runs, mediansMs }: Report, count: number): string[] => {
  const failed = runs.find(({ outcome }) => outcome !== 'confirmed')
  const came = runs.filter(({ outcome }) => outcome === 'confirmed').length
  return [
    `edge-agent ${versions.agent}, node ${versions.node}, ${versions.system}`,
    `to ${to}: ${came} of ${count} ${count === 1 ? 'line' : 'lines'} confirmed by chat.db`,
    '',
    runs.length > 1
      ? 'milliseconds since it was planned: the median, then each line'
      : 'milliseconds since it was planned',
    ...SELFTEST_STEPS.map(step => describeStep(step, mediansMs, runs)),
    ...(failed === undefined ? [] : ['', ...explain(failed)]),
  ]
}

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
