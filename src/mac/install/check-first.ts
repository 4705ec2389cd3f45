import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import { ConfigError } from '../../config/config-error.ts'
import { findTool, type RunTool } from '../macos/run-tool.ts'
import type { Service, ServiceNeeds } from './as-launchd.ts'
import { refuseLinks, refuseProtected } from './refuse-place.ts'

/**
 * Throws an EdgeError for the first thing that stands in the way of an install, before anything is changed. Returns what
 * is to be known besides: what a system that is no Mac lacks, and which variables the service will not see.
 */
export const checkFirst = async (
  { places, homedir, inspection, shellOnly, ...service }: Service,
  needs: ServiceNeeds & {
    readonly run: RunTool
    readonly uid: number
    readonly dryRun: boolean
  },
): Promise<readonly string[]> => {
  const { run, launchctl, uid, env, dryRun } = needs
  refuseInside(places.label, env)
  const hasLaunchctl = findTool('launchctl') !== undefined
  const hasSession = hasLaunchctl ? await launchctl.hasSession() : undefined
  refuseRoot({ uid, env, hasSession })
  refuseHome(homedir, uid)
  refuseSettings({ inspection, shellOnly })
  for (const path of [places.runtimeDir, places.plistFile, places.launchdLogFile]) refuseLinks(path, homedir)
  const secretFile = inspection.rows.find(row => row.key === 'secret_file')?.value
  for (const [what, path] of [
    ['the private copy', places.runtimeDir],
    ['the log', places.logDir],
    ['the settings file', inspection.file.path],
    ['the state folder', service.stateDir],
    ['the secret file', secretFile],
  ] as const) {
    if (typeof path === 'string') refuseProtected(what, path, homedir)
  }
  await refuseOldMacos(run)
  refuseFullDisk(places.runtimeDir)
  if (hasSession === false) throw noSession()
  if (!hasLaunchctl && !dryRun) throw noLaunchctl()
  return [
    ...(hasLaunchctl ? [] : ['This system has no launchctl: the following steps need a Mac.']),
    ...(shellOnly.length === 0
      ? []
      : [`Set in this shell only, so the service does not see it: ${shellOnly.join(', ')}.`]),
  ]
}

/** Throws an EdgeError where it is the service itself that asks: it would be ended in the middle. */
export const refuseInside = (label: string, env: Readonly<Record<string, string | undefined>>): void => {
  if (env['XPC_SERVICE_NAME'] !== label) return
  throw new EdgeError('inside_service', `this was started by the service ${label}, which it would stop`, {
    remedy: 'Run this in a terminal.',
  })
}

const refuseRoot = ({
  uid,
  env,
  hasSession,
}: {
  readonly uid: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly hasSession: boolean | undefined
}): void => {
  // Who is logged in at the screen as root is no exception from anything.
  const isBySudo = env['SUDO_UID'] !== undefined && env['SUDO_UID'] !== '0'
  if (uid !== 0 || (!isBySudo && hasSession !== false)) return
  throw new EdgeError('root', 'you are root, but a LaunchAgent belongs to the logged-in user', {
    exit: EXIT.permission,
    remedy: 'Run this as that user, without sudo. Nothing here needs root.',
  })
}

const refuseHome = (homedir: string, uid: number): void => {
  const fault = homeFault(homedir, uid)
  if (fault === undefined) return
  throw new EdgeError('home', `HOME is ${JSON.stringify(homedir)}, ${fault}`, {
    exit: EXIT.permission,
    remedy: 'Run this in a terminal of that user.',
  })
}

const homeFault = (homedir: string, uid: number): string | undefined => {
  if (!isAbsolute(homedir) || /\p{Cc}/u.test(homedir)) return "which is not a home folder's path"
  const stat = statSync(homedir, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isDirectory()) return 'which is not a folder'
  if (stat.uid !== uid && uid !== 0) return 'which belongs to another user'
  try {
    accessSync(homedir, constants.W_OK | constants.X_OK)
    return undefined
  } catch {
    return 'which is not writable'
  }
}

/** Throws an EdgeError where the service could not start with the settings as it will see them. */
export const refuseSettings = ({ inspection, shellOnly }: Pick<Service, 'inspection' | 'shellOnly'>): void => {
  const { faults, file } = inspection
  if (faults.length === 0) return
  // No variable of a shell helps the service.
  const told = new ConfigError(
    faults.map(fault => ({ ...fault, found: fault.found.replace(/set EDGE_\w+, or /, 'set ') })),
  )
  const lines = [
    `${shellOnly.length === 0 ? '' : 'as the service sees it: '}${told.message}`,
    ...(file.exists ? [] : [`There is no settings file ${file.path}.`]),
    ...(shellOnly.length === 0 ? [] : [`The service does not see this shell's variables: ${shellOnly.join(', ')}.`]),
  ]
  throw new EdgeError('config', lines.join('\n'), {
    exit: EXIT.config,
    remedy: `${file.exists ? `Correct ${file.path}, or run` : 'Run'} edge-agent init. Then run this again.`,
  })
}

const refuseOldMacos = async (run: RunTool): Promise<void> => {
  const end = await run('sw_vers', ['-productVersion'])
  const major = end.kind === 'exited' && end.code === 0 ? Number.parseInt(end.stdout, 10) : Number.NaN
  if (Number.isNaN(major) || major >= OLDEST_MACOS) return
  throw new EdgeError('old_macos', `this is macOS ${major}, but ${OLDEST_MACOS} or newer is needed`, {
    remedy: 'Update macOS.',
  })
}

const OLDEST_MACOS = 13

const refuseFullDisk = (folder: string): void => {
  const { bavail, bsize } = statfsSync(existing(folder))
  if (bavail * bsize >= ROOM_BYTES) return
  throw new EdgeError('no_space', `${Math.floor((bavail * bsize) / 1e6)} MB are free on the disk, but 400 are needed`, {
    remedy: 'Free some space and run this again. Nothing was changed.',
  })
}

/** Node, and as much again while a new one is tried. */
const ROOM_BYTES = 400e6

const existing = (path: string): string => (existsSync(path) ? path : existing(dirname(path)))

const noSession = (): EdgeError =>
  new EdgeError('launchd_no_session', "nobody is logged in at this Mac's screen as this user", {
    remedy: 'Log in there (or by Screen Sharing) and run this again. SSH is not enough.',
  })

const noLaunchctl = (): EdgeError =>
  new EdgeError('no_launchd', 'there is no launchctl on this system: a service needs macOS', {
    remedy: 'To see what it would do: --dry-run. To run in a terminal: edge-agent start.',
  })
