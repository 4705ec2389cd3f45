import { within } from '../../agent/backend/within.ts'
import type { EdgeError } from '../../agent/core/errors.ts'
import { maskPeople } from '../../agent/core/mask-people.ts'
import { type ConfigInput, type Inspection, inspectConfig } from '../../config/inspect-config.ts'
import { lookUpSecret } from '../../config/look-up-secret.ts'
import { placesOf } from '../../config/places.ts'
import { readInstalled } from '../install/read-installed.ts'
import type { RunTool } from '../macos/run-tool.ts'
import { type Check, type CheckState, exitOf, GROUPS, type Group, verdictsOf } from './check.ts'
import { expectedPlist } from './expected-plist.ts'
import { judgeAgent } from './judge-agent.ts'
import { backendUnknown, judgeBackend } from './judge-backend.ts'
import { type FoundSecret, judgeKeychain } from './judge-keychain.ts'
import { judgeMessages } from './judge-messages.ts'
import { judgeNode } from './judge-node.ts'
import { judgePermissions } from './judge-permissions.ts'
import { judgeService } from './judge-service.ts'
import { judgeSettings } from './judge-settings.ts'
import { judgeState } from './judge-state.ts'
import { judgeSystem } from './judge-system.ts'
import { lookForAgent, probeAgent, readByUs } from './look-at-agent.ts'
import { lookAtBackend } from './look-at-backend.ts'
import { lookAtNode } from './look-at-node.ts'
import { lookAtService, readPlist } from './look-at-service.ts'
import { lookAtState } from './look-at-state.ts'
import { lookAtSystem } from './look-at-system.ts'

export type DoctorReport = {
  readonly ok: boolean
  readonly version: string
  /** ISO 8601 */
  readonly at: string
  readonly summary: Readonly<Record<CheckState, number>>
  readonly checks: readonly Check[]
  /** What a command that asked should exit with. */
  readonly exit: number
}

export type DoctorNeeds = {
  readonly input: ConfigInput
  readonly run: RunTool
  readonly uid: number | undefined
  readonly version: string
  /** Hears of each group once when it is done. */
  readonly onDone?: (group: Group) => void
}

/**
 * Looks at everything that can be wrong and changes nothing. Groups are looked at side by side, and every wait has an end:
 * all of it takes some twenty seconds where nothing answers, and never rejects.
 */
export const runDoctor = async ({
  input,
  run,
  uid,
  version,
  onDone = () => {},
}: DoctorNeeds): Promise<DoctorReport> => {
  const places = placesOf(input)
  const plist = readPlist(places.plistFile)
  const [binary] = plist?.program ?? []
  const installed = readInstalled(places)
  const asked = asService(input, plist?.program ?? [])
  const inspection = inspectConfig(asked)
  const setting = (key: string): string | undefined => {
    const row = inspection.rows.find(row => row.key === key)
    return row?.fits && typeof row.value === 'string' ? row.value : undefined
  }
  const stateDir = setting('state_dir') ?? places.stateDir
  const chatDb = setting('chat_db') ?? ''
  const backendUrl = setting('backend_url')

  const group = async (name: Group, look: Promise<readonly Check[]>): Promise<readonly Check[]> => {
    const checks = await within(LONGEST_MS, look, undefined)
    onDone(name)
    const { failed } = verdictsOf(name)
    return checks ?? [failed(`${name}_unfinished`, 'this check did not finish', 'Run this again.')]
  }

  // Facts that several groups need. None of these rejects.
  const overSsh = isOverSsh(input)
  const system = lookAtSystem(run, { uid, overSsh })
  const service = lookAtService(run, places, { uid: uid ?? 0, overSsh })
  const life = lookForAgent(stateDir)
  const agent = life.then(life => probeAgent(stateDir, life))
  const isMac = system.then(({ swVers }) => swVers.kind !== 'not-found')
  const jobPid = service.then(({ job }) => (job.kind === 'loaded' ? job.pid : undefined))
  const node = binary ?? process.execPath
  const secret = findSecret(inspection)

  const checks = await Promise.all([
    group('system', system.then(judgeSystem)),
    group(
      'node',
      lookAtNode(run, {
        path: node,
        isOfService: binary !== undefined,
        installed: installed.kind === 'none' ? undefined : installed.manifest?.binary,
      }).then(judgeNode),
    ),
    group(
      'settings',
      Promise.all([secret, life]).then(([found, life]) => [
        ...judgeSettings(inspection, plist === undefined ? [] : shellOnly(input)),
        ...judgeKeychain(inspection.secret, found, life),
      ]),
    ),
    group(
      'service',
      service.then(facts => judgeService(facts, { installed, expected: expectedPlist(asked, installed, plist?.text) })),
    ),
    group(
      'agent',
      Promise.all([agent, service]).then(([facts, { job }]) =>
        judgeAgent(facts, { job, hasService: plist !== undefined, version }),
      ),
    ),
    group(
      'permissions',
      Promise.all([agent, isMac, within(3_000, readByUs(chatDb), 'no answer')]).then(([facts, isMac, readByUs]) =>
        judgePermissions({ agent: facts, isMac, readByUs, chatDb, node }),
      ),
    ),
    group(
      'messages',
      Promise.all([agent, isMac, run('pgrep', ['-x', 'Messages'], { timeoutMs: 5_000 })]).then(
        ([facts, isMac, pgrep]) => judgeMessages({ agent: facts, isMac, pgrep, now: Date.now() }),
      ),
    ),
    group(
      'backend',
      backendUrl === undefined
        ? Promise.resolve(backendUnknown())
        : Promise.all([life, jobPid, secret]).then(async ([life, pid, found]) => {
            const { agentId, secret } = identityOf(inspection, found)
            const mayDial = life.kind === 'not-running' && pid === undefined
            const backend = await lookAtBackend({ backendUrl, agentId, secret, mayDial })
            return judgeBackend(backend, life, Date.now())
          }),
    ),
    group(
      'state',
      life
        .then(({ kind }) => lookAtState(stateDir, places.logDir, kind !== 'not-running'))
        .then(facts => judgeState(facts, { uid, hasService: plist !== undefined })),
    ),
  ])
  return toReport(checks.flat(), version)
}

const LONGEST_MS = 18_000

/** As launchd starts it: the settings file that the plist names, unless another one is asked for here. */
const asService = (input: ConfigInput, program: readonly string[]): ConfigInput => {
  const at = program.indexOf('--config')
  const config = input.flags['config'] || input.env['EDGE_CONFIG'] || (at < 0 ? undefined : program[at + 1])
  return config === undefined ? input : { ...input, flags: { ...input.flags, config } }
}

/** Variables of this shell that hold settings: the processes of launchd do not get them. */
const shellOnly = ({ env }: ConfigInput): readonly string[] =>
  Object.keys(env).filter(
    name => /^EDGE_[A-Z_]+$/.test(name) && !/^EDGE_(CONFIG|PROFILE|FAILPOINT)$/.test(name) && env[name],
  )

const findSecret = async (inspection: Inspection): Promise<FoundSecret> => {
  try {
    return { kind: 'found', secret: await lookUpSecret(inspection, KEYCHAIN_MS) }
  } catch (error) {
    const { code = 'keychain_failed', message, remedy } = error as Partial<EdgeError>
    return { kind: 'unreadable', error: { code, message: message ?? String(error), remedy } }
  }
}

/** A prompt may be answered meanwhile, and the backend is still to be asked. */
const KEYCHAIN_MS = 6_000

/** Who we are for the backend; no agent id where the settings are wrong, or where the secret cannot be read here. */
const identityOf = ({ config, rows }: Inspection, found: FoundSecret) => {
  const secret = found.kind === 'found' ? found.secret : undefined
  const isSecretMissing = secret === undefined && rows.find(({ key }) => key === 'secret')?.value !== null
  return { agentId: isSecretMissing ? undefined : config?.agentId, secret }
}

const isOverSsh = ({ env }: ConfigInput): boolean => Boolean(env['SSH_CONNECTION'] || env['SSH_TTY'])

const toReport = (checks: readonly Check[], version: string): DoctorReport => {
  const clean = GROUPS.flatMap(name => checks.filter(({ group }) => group === name)).map(check => ({
    ...check,
    seen: maskPeople(check.seen),
    ...(check.cure !== undefined && { cure: maskPeople(check.cure) }),
  }))
  const count = (state: CheckState): number => clean.filter(check => check.state === state).length
  const summary = { ok: count('ok'), warning: count('warning'), failed: count('failed'), skipped: count('skipped') }
  return {
    ok: summary.failed === 0,
    version,
    at: new Date().toISOString(),
    summary,
    checks: clean,
    exit: exitOf(clean),
  }
}
