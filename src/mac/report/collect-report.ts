import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { askAgent } from '../../agent/control/ask-agent.ts'
import { controlSocketPath } from '../../agent/control/socket-path.ts'
import { maskPeople } from '../../agent/core/mask-people.ts'
import { logFilesOf } from '../../agent/log/rotating-file.ts'
import { type ConfigInput, type Inspection, inspectConfig } from '../../config/inspect-config.ts'
import { lookUpSecret } from '../../config/look-up-secret.ts'
import { placesOf } from '../../config/places.ts'
import type { Check } from '../doctor/check.ts'
import { withoutQuotes } from '../doctor/quote.ts'
import { runDoctor } from '../doctor/run-doctor.ts'
import type { RunTool } from '../macos/run-tool.ts'
import { countRows } from './count-rows.ts'
import { filterJob } from './filter-job.ts'
import { redactLog } from './redact-log.ts'
import { summariseQueue } from './summarise-queue.ts'
import { summariseSettings } from './summarise-settings.ts'
import { summariseStatus } from './summarise-status.ts'
import { withoutPeople } from './without-people.ts'

export type ReportFile = { readonly name: string; readonly about: string; readonly text: string }

/**
 * Everything that helps to find what is wrong, and nothing of what people wrote, of who they are, or of the secret: from
 * each source only what is known to be free of it passes. A source that is missing is said to be; nothing here rejects.
 */
export const collectReport = async (needs: {
  readonly input: ConfigInput
  readonly run: RunTool
  readonly uid: number | undefined
  readonly version: string
}): Promise<readonly ReportFile[]> => {
  const { input, run, uid, version } = needs
  const places = placesOf(input)
  const inspection = inspectConfig(input)
  const setting = (key: string): string | undefined => {
    const row = inspection.rows.find(row => row.key === key)
    return row?.fits && typeof row.value === 'string' ? row.value : undefined
  }
  const stateDir = setting('state_dir') ?? places.stateDir
  const logFile = setting('log_file') ?? places.logFile
  const ask = (what: string): Promise<unknown> => askAgent(controlSocketPath(stateDir), what, undefined, 4_000)

  const [doctor, status, queue, job, system, secret] = await Promise.all([
    runDoctor(needs).then(({ exit: _, ...report }) => ({ ...report, checks: report.checks.map(withoutWords) })),
    ask('status').then(summariseStatus, notTold),
    ask('queue').then(summariseQueue, notTold),
    run('launchctl', ['print', `gui/${uid ?? 0}/${places.label}`], LIMIT),
    run('sw_vers', [], LIMIT),
    lookUpSecret(inspection, LIMIT.timeoutMs).catch(() => undefined),
  ])
  const versions = {
    edgeAgent: version,
    node: process.versions.node,
    sqlite: process.versions['sqlite'],
    platform: process.platform,
    arch: process.arch,
    kernel: release(),
    macos: system.kind === 'exited' ? maskPeople(system.stdout).trim().split('\n') : system.kind,
  }
  const files: readonly ReportFile[] = [
    { name: 'versions.json', about: 'versions of edge-agent, Node and the system', text: json(versions) },
    { name: 'doctor.json', about: 'results of "edge-agent doctor"', text: json(doctor) },
    {
      name: 'settings.json',
      about: 'the settings and where they come from',
      text: json(summariseSettings(inspection)),
    },
    { name: 'status.json', about: 'status of the running agent', text: json(status) },
    { name: 'queue.json', about: 'how many messages are waiting or failed, and why', text: json(queue) },
    {
      name: 'state.json',
      about: "row counts of the agent's database",
      text: json(countRows(join(stateDir, 'state.db'))),
    },
    {
      name: 'launchctl.txt',
      about: "launchd's view of the service",
      text: lines(job.kind === 'exited' ? [`exit code ${job.code ?? 'none'}`, ...filterJob(job.stdout)] : [job.kind]),
    },
    {
      name: 'agent.log',
      about: `last ${LAST_LINES} lines of the log, events and numbers only`,
      text: lines(redactLog(lastLines(logFilesOf(logFile).slice(0, 2)))),
    },
    {
      name: 'launchd.log',
      about: "the same from launchd's log: crashes",
      text: lines(redactLog(lastLines([places.launchdLogFile]))),
    },
  ]
  const net = { homes: homesOf(input), secrets: valuesToHide(inspection, secret) }
  return files.map(file => ({ ...file, text: withoutPeople(file.text, net) }))
}

const LIMIT = { timeoutMs: 6_000 }
const LAST_LINES = 2_000
const MAX_BYTES = 4 * 1024 * 1024

/** A finding may quote what was written into the settings, and what tools or the backend said. */
const withoutWords = (check: Check): Check => ({
  ...check,
  seen: withoutQuotes(check.seen),
  ...(check.cure !== undefined && { cure: withoutQuotes(check.cure) }),
})

const notTold = (error: unknown): unknown => ({ notTold: (error as { code?: string }).code ?? 'failed' })

/** The last lines of a log, of which the newest file comes first; why, where there is none. */
const lastLines = (files: readonly string[]): readonly string[] => {
  const parts = files.map(tail)
  const all = parts.toReversed().flatMap(({ lines }) => lines ?? [])
  return all.length > 0 ? all.slice(-LAST_LINES) : [`Error: ${parts[0]?.error ?? 'empty'}`]
}

const tail = (path: string): { readonly lines?: readonly string[]; readonly error?: string } => {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const { size } = fstatSync(fd)
    const buffer = Buffer.alloc(Math.min(size, MAX_BYTES))
    const length = readSync(fd, buffer, 0, buffer.length, size - buffer.length)
    const all = buffer.toString('utf8', 0, length).split('\n')
    return { lines: (size > MAX_BYTES ? all.slice(1) : all).filter(line => line !== '') }
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? 'unreadable' }
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

const homesOf = ({ homedir }: ConfigInput): readonly string[] => {
  try {
    return [homedir, realpathSync(homedir)]
  } catch {
    return [homedir]
  }
}

/** Those are kept out already; whatever slipped through is found by its value. */
const valuesToHide = ({ config }: Inspection, secret: string | undefined): readonly string[] => {
  const secrets = secret === undefined ? [] : [secret]
  if (config === undefined) return secrets
  const { allow } = config.send
  const { forward, people } = config
  const rules = forward.rules.flatMap(({ name, from = [], thread = [] }) => [name, ...from, ...thread])
  const persons = Object.entries(people).flat(2)
  const lists = [...forward.allow, ...forward.deny, ...(typeof allow === 'string' ? [] : allow)]
  return [...secrets, ...lists, ...rules, ...persons]
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
const lines = (each: readonly string[]): string => `${each.join('\n')}\n`
