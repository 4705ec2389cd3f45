import { readFileSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import { shellQuote } from '../../agent/core/shell-quote.ts'
import type { ConfigInput } from '../../config/inspect-config.ts'
import { expandHome } from '../../config/places.ts'
import type { Launchctl } from '../launchd/launchctl.ts'
import { renderPlist } from '../launchd/render-plist.ts'
import { findTool, type RunTool } from '../macos/run-tool.ts'
import { asLaunchd, type Service } from './as-launchd.ts'
import { hashFile, tryNode } from './bring-node.ts'
import { checkFirst } from './check-first.ts'
import { readProgram } from './copy-program.ts'
import { decideInstall, type Wanted } from './decide-install.ts'
import { gaveUpWaiting, leadThroughPermissions, type Permissions } from './lead-through-permissions.ts'
import { loadService } from './load-service.ts'
import { type Outcome, planInstall, type Step } from './plan-install.ts'
import { type Installed, mainOf, readInstalled } from './read-installed.ts'
import { refuseProtected } from './refuse-place.ts'
import { putBack, stagingOf } from './stage-folder.ts'
import type { Tell } from './tell.ts'
import { endOfLog, explainStart, findAgent, isOfService, type Start, waitForAgent } from './wait-for-agent.ts'

export type InstallRequest = {
  readonly input: ConfigInput
  /** The folder of the package that is to be installed, and its version. */
  readonly root: string
  readonly version: string
  /** A binary to be used as it is, instead of a copy of the node that runs this. */
  readonly node: string | undefined
  readonly upgrade: boolean
  readonly dryRun: boolean
  /** Whether to wait for a person who gives permissions. */
  readonly wait: boolean
}

export type World = {
  readonly run: RunTool
  readonly launchctl: Launchctl
  readonly uid: number
  readonly tell: Tell
  readonly signal: AbortSignal
}

export type InstallResult = {
  readonly action: 'nothing' | 'install' | 'repair' | 'upgrade'
  readonly version: string
  readonly label: string
  readonly binary: string
  readonly program: string
  readonly plist: string
  readonly log: string
  readonly pid: number | undefined
  /** Whether macOS takes the binary for another one than before: then it wants the permissions anew. */
  readonly binaryChanged: boolean
  readonly permissions: Permissions
}

export type DryRun = { readonly action: InstallResult['action']; readonly steps: readonly Omit<Step, 'run'>[] }

/**
 * Makes the agent a service of the logged-in user: checks first, builds everything beside what is there, changes places,
 * loads it, waits for the agent's own word and leads through the permissions that macOS wants.
 *
 * @throws EdgeError for what stands in the way; then the last install is as it was.
 */
export const install = async (request: InstallRequest, world: World): Promise<InstallResult | DryRun> => {
  const { launchctl, run, tell, signal } = world
  const service = asLaunchd(request.input)
  const { places } = service
  const { dryRun } = request
  const notes = await checkFirst(service, { run, launchctl, uid: world.uid, env: request.input.env, dryRun })
  for (const text of notes) tell({ kind: 'warning', text })
  const { socket } = service
  if (socket === undefined) throw new Error('the settings are valid, but have no state folder')
  if (!dryRun) putBack(places.runtimeDir)

  const installed = readInstalled(places)
  const program = readBuilt(request.root)
  const wanted = await want(request, service, installed, run)
  const decision = decideInstall(installed, { ...wanted, digest: program.digest }, request.upgrade)
  if (decision.kind === 'ask-for-upgrade') throw otherInstalled(installed, request.version, decision.differs)
  const seen = await launchctl.print(places.label)
  const running = await findAgent(socket)
  const isService = running !== undefined && isOfService(running, { seen, label: places.label, binary: wanted.binary })
  if (running !== undefined && !isService && seen.kind !== 'unclear') throw otherRunning(running.pid)
  if (installed.kind === 'broken') tell({ kind: 'warning', text: `The last install is incomplete: ${installed.why}.` })

  const outcome: Outcome = { identity: 'kept' }
  const logFrom = endOfLog(places.launchdLogFile)
  const isUp = decision.kind === 'nothing' && isService
  const isIdle = decision.kind === 'nothing' && seen.kind === 'loaded' && !isService
  const steps: readonly Step[] = [
    ...(decision.kind === 'nothing'
      ? []
      : planInstall({
          ...{ service, decision, installed, program, launchctl, run, tell, outcome },
          wanted: { ...wanted, digest: program.digest },
          version: request.version,
          isLoaded: seen.kind === 'loaded',
        })),
    ...(isUp ? [] : [load(service, launchctl, isIdle)]),
  ]
  if (dryRun) return { action: decision.kind, steps: steps.map(({ run: _, ...shown }) => shown) }

  await perform(steps, { service, world, wasLoaded: seen.kind === 'loaded', stages: decision.kind !== 'nothing' })
  if (outcome.identity === 'changed') {
    tell({ kind: 'warning', text: 'The node binary has changed, so macOS needs both permissions again.' })
  }

  try {
    let start: Start | undefined
    if (!isUp) {
      tell({ kind: 'step', text: 'wait until the agent reports that it is running' })
      const before = isIdle ? { pid: undefined, runs: seen.runs } : undefined
      start = await waitForAgent({ launchctl, label: places.label, socket, signal, ...(before && { before }) })
      // 77 at the very first start: it may not read chat.db. That is mended below.
      const isForbidden = start.kind === 'exited' && start.code === EXIT.permission
      if (start.kind !== 'runs' && !isForbidden) throw explainStart(start, places.launchdLogFile, logFrom)
      if (start.kind === 'runs') tell({ kind: 'done', text: `the agent is running, pid ${start.agent.pid}` })
    }
    const binary = wanted.binary
    const permissions = await leadThroughPermissions({
      ...{ socket, label: places.label, binary, launchctl, run, tell, signal, wait: request.wait },
    })
    return {
      action: decision.kind,
      version: request.version,
      label: places.label,
      binary,
      program: mainOf(places.runtimeDir),
      plist: places.plistFile,
      log: service.logFile,
      pid: (await findAgent(socket))?.pid,
      binaryChanged: outcome.identity === 'changed',
      permissions,
    }
  } catch (error) {
    throw signal.aborted ? gaveUpWaiting() : error
  }
}

/** Where the package has a program that can be copied. */
const readBuilt = (root: string) => {
  try {
    return readProgram(root)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new EdgeError('not_built', `${join(root, 'dist')} is incomplete`, {
      remedy: 'In the source tree: npm ci && npm run build.',
      cause: error,
    })
  }
}

/** The binary and the plist that the request comes to. */
const want = async (
  { node, root }: InstallRequest,
  service: Service,
  installed: Installed,
  run: RunTool,
): Promise<Omit<Wanted, 'digest'> & { readonly binary: string }> => {
  const { places, homedir } = service
  const old = installed.kind === 'none' ? undefined : installed.manifest?.node
  // Who once chose a binary of their own keeps it.
  const own =
    node === undefined ? (old?.kind === 'in-place' ? old.source : undefined) : resolve(expandHome(node, homedir))
  if (own !== undefined) refuseProtected('the node binary', own, homedir)
  const source = own ?? realpathSync(process.execPath)
  const copy = join(places.runtimeDir, 'edge-agent')
  const isItself = own === undefined && old !== undefined && isSame(source, copy)
  const tried = own === undefined ? { runs: true as const, version: process.versions.node } : await tryNode(own, run)
  if (!tried.runs) {
    throw new EdgeError('node_unusable', `${own} cannot be used: ${tried.why}`, {
      remedy: 'Name another one (22.19 or newer) with --node PATH.',
    })
  }
  const binary = own ?? copy
  const plist = renderPlist(readFileSync(join(root, 'launchd/com.edge-agent.plist'), 'utf8'), {
    label: places.label,
    binary,
    program: mainOf(places.runtimeDir),
    args: service.args,
    searchPath: searchPath(),
    folder: join(places.runtimeDir, '..'),
    launchdLog: places.launchdLogFile,
  })
  const sha256 = isItself ? old.sha256 : await hashFile(source)
  return { plist, binary, node: { source, sha256, version: tried.version, inPlace: own !== undefined } }
}

const isSame = (a: string, b: string): boolean => {
  try {
    return a === realpathSync(b)
  } catch {
    return false
  }
}

/** Where macOS has its tools; where they were found here comes first. */
const searchPath = (): string => {
  const found = ['launchctl', 'security', 'open', 'pgrep'].flatMap(name => findTool(name) ?? [])
  const folders = found.map(path => path.slice(0, path.lastIndexOf('/'))).filter(folder => folder.startsWith('/'))
  return [...new Set([...folders.filter(folder => !STANDARD.includes(folder)), ...STANDARD])].join(':')
}

const STANDARD: readonly string[] = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']

const load = ({ places }: Service, launchctl: Launchctl, isLoaded: boolean): Step =>
  isLoaded
    ? {
        title: 'start the service',
        commands: [`launchctl kickstart ${launchctl.domain}/${places.label}`],
        run: () => launchctl.kickstart(places.label, { again: false }),
      }
    : {
        title: 'load the service, now and at every login',
        commands: launchctl.loading(places.label, places.plistFile),
        run: () => loadService(places, launchctl),
      }

const perform = async (
  steps: readonly Step[],
  {
    service,
    world,
    wasLoaded,
    stages,
  }: { readonly service: Service; readonly world: World; readonly wasLoaded: boolean; readonly stages: boolean },
): Promise<void> => {
  const { label, plistFile, runtimeDir } = service.places
  const { launchctl, signal, tell } = world
  let isStaging = false
  let now = ''
  try {
    for (const { title, run } of steps) {
      signal.throwIfAborted()
      now = title
      tell({ kind: 'step', text: title })
      await run()
      isStaging = stages // not before the first step: the folder may be another install's
    }
  } catch (error) {
    // The old one goes on, as it was.
    const isGone = wasLoaded && (await launchctl.print(label)).kind === 'not-loaded'
    if (isGone) await launchctl.bootstrap(label, plistFile).catch(() => {})
    if (!signal.aborted) throw explainFailure(error, now)
    throw new EdgeError('cancelled', 'the install was cancelled', {
      exit: EXIT.cancelled,
      remedy: 'The previous installation is still in place.',
    })
  } finally {
    if (isStaging) rmSync(stagingOf(runtimeDir), { recursive: true, force: true })
  }
}

/** What the file system refuses is no mistake of ours. */
const explainFailure = (error: unknown, title: string): unknown => {
  const { code, path, message } = error as NodeJS.ErrnoException
  if (error instanceof EdgeError || code === undefined || !/^E[A-Z]+$/.test(code)) return error
  return new EdgeError('install_failed', `this step failed: ${title}\n${message}`, {
    exit: code === 'EACCES' || code === 'EPERM' ? EXIT.permission : EXIT.failure,
    remedy: REMEDIES[code]?.(path ?? '') ?? 'Fix this and run it again. The previous installation is still in place.',
    cause: error,
  })
}

const REMEDIES: Readonly<Record<string, (path: string) => string>> = {
  ENOSPC: () => 'The disk is full: free some space and run this again.',
  EACCES: path => `You may not write there, perhaps because of an earlier sudo: ls -led ${shellQuote(dirname(path))}.`,
}

const otherInstalled = (installed: Installed, version: string, differs: readonly string[]): EdgeError => {
  const old = installed.kind === 'whole' ? installed.manifest.version : 'a different one'
  return new EdgeError(
    'other_installed',
    `edge-agent ${old} is installed, and this is ${old === version ? `a different ${version}` : version} (different: ${differs.join(', ')})`,
    { remedy: 'To replace it: edge-agent install --upgrade (add --dry-run to see what it would do).' },
  )
}

const otherRunning = (pid: number): EdgeError =>
  new EdgeError('already_running', `an agent outside the service is already running on the same state (pid ${pid})`, {
    exit: EXIT.alreadyRunning,
    remedy: 'Stop it first: edge-agent stop, or Ctrl-C in its terminal.',
  })
