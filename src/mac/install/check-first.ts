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
    ['the file of the secret', secretFile],
  ] as const) {
    if (typeof path === 'string') refuseProtected(what, path, homedir)
  }
  await refuseOldMacos(run)
  refuseFullDisk(places.runtimeDir)
  if (hasSession === false) throw noSession()
  if (!hasLaunchctl && !dryRun) throw noLaunchctl()
  return [
    ...(hasLaunchctl ? [] : ['This system has no launchctl: only a Mac can do what follows.']),
    ...(shellOnly.length === 0
      ? []
      : [`Set in this shell only, and not seen by the service: ${shellOnly.join(', ')}.`]),
  ]
}

/** Throws an EdgeError where it is the service itself that asks: it would be ended in the middle. */
export const refuseInside = (label: string, env: Readonly<Record<string, string | undefined>>): void => {
  if (env['XPC_SERVICE_NAME'] !== label) return
  throw new EdgeError('inside_service', `this is started by the service ${label} itself, which it would end`, {
    remedy: 'Say it in a terminal.',
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
  throw new EdgeError('root', 'this is root, and a LaunchAgent belongs to the user who is logged in', {
    exit: EXIT.permission,
    remedy: 'Say it as that user, without sudo. Nothing here needs root.',
  })
}

const refuseHome = (homedir: string, uid: number): void => {
  const fault = homeFault(homedir, uid)
  if (fault === undefined) return
  throw new EdgeError('home', `HOME is ${JSON.stringify(homedir)}, ${fault}`, {
    exit: EXIT.permission,
    remedy: 'Say it in a terminal of the user whom it is for.',
  })
}

const homeFault = (homedir: string, uid: number): string | undefined => {
  if (!isAbsolute(homedir) || /\p{Cc}/u.test(homedir)) return 'which is no path of a home'
  const stat = statSync(homedir, { throwIfNoEntry: false })
  if (stat === undefined || !stat.isDirectory()) return 'which is no folder'
  if (stat.uid !== uid && uid !== 0) return 'which belongs to another user'
  try {
    accessSync(homedir, constants.W_OK | constants.X_OK)
    return undefined
  } catch {
    return 'where nothing can be written'
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
    `as the service will see them, ${told.message}`,
    ...(file.exists ? [] : [`There is no settings file ${file.path}.`]),
    ...(shellOnly.length === 0
      ? []
      : [`Variables of this shell are not seen by the service; here that is ${shellOnly.join(', ')}.`]),
  ]
  throw new EdgeError('config', lines.join('\n'), {
    exit: EXIT.config,
    remedy: `Correct that in ${file.path}; edge-agent init asks for what is needed. Then say it again.`,
  })
}

const refuseOldMacos = async (run: RunTool): Promise<void> => {
  const end = await run('sw_vers', ['-productVersion'])
  const major = end.kind === 'exited' && end.code === 0 ? Number.parseInt(end.stdout, 10) : Number.NaN
  if (Number.isNaN(major) || major >= OLDEST_MACOS) return
  throw new EdgeError('old_macos', `this is macOS ${major}, and ${OLDEST_MACOS} or newer is needed`, {
    remedy: 'Update macOS.',
  })
}

const OLDEST_MACOS = 13

const refuseFullDisk = (folder: string): void => {
  const { bavail, bsize } = statfsSync(existing(folder))
  if (bavail * bsize >= ROOM_BYTES) return
  throw new EdgeError('no_space', `${Math.floor((bavail * bsize) / 1e6)} MB are free on the disk, 400 are needed`, {
    remedy: 'Make room and say it again. Nothing was changed.',
  })
}

/** Node, and as much again while a new one is tried. */
const ROOM_BYTES = 400e6

const existing = (path: string): string => (existsSync(path) ? path : existing(dirname(path)))

const noSession = (): EdgeError =>
  new EdgeError('launchd_no_session', "nobody is logged in at this Mac's screen as this user", {
    remedy: 'Log in there (or by Screen Sharing), and say it again. SSH alone is not enough.',
  })

const noLaunchctl = (): EdgeError =>
  new EdgeError('no_launchd', 'there is no launchctl on this system: a service needs macOS', {
    remedy: 'See what it would do with --dry-run. To run in a terminal: edge-agent start.',
  })
