import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import type { Launchctl } from '../launchd/launchctl.ts'
import { removeKeychain } from '../macos/keychain.ts'
import { findTool } from '../macos/run-tool.ts'
import type { Service, ServiceNeeds } from './as-launchd.ts'
import { refuseInside } from './check-first.ts'
import { refuseLinks } from './refuse-place.ts'
import type { Tell } from './tell.ts'
import { findAgent, silentAgent } from './wait-for-agent.ts'

export type UninstallResult = {
  /** Whether there was anything to remove. */
  readonly found: boolean
  readonly unloaded: boolean
  readonly removed: readonly string[]
  /** What is left on purpose. */
  readonly kept: readonly string[]
}

/**
 * Unloads the service and removes what `install` made, whole or not; with `purge` settings, state, logs and the
 * Keychain's item too. Fine where there is nothing.
 */
export const uninstall = async (
  service: Service,
  needs: ServiceNeeds & {
    readonly purge: boolean
    readonly tell: Tell
  },
): Promise<UninstallResult> => {
  const { purge, launchctl, env, tell } = needs
  const { places, homedir } = service
  const { label, plistFile, runtimeDir, logDir } = places
  refuseInside(label, env)
  for (const path of [plistFile, runtimeDir, logDir]) refuseLinks(dirname(path), homedir)

  const unloaded = await unload(label, launchctl, tell)
  const other = purge ? await findAgent(service.socket) : undefined
  if (other !== undefined) throw stillRunning(other.pid)
  const silent = purge && service.socket !== undefined ? await silentAgent(service.socket) : undefined
  if (silent !== undefined) throw silent

  const removed: string[] = []
  const remove = (path: string): void => {
    if (!isThere(path)) return
    rmSync(path, { recursive: true, force: true })
    removed.push(path)
  }
  for (const path of [plistFile, `${plistFile}.new`, runtimeDir, `${runtimeDir}.new`, `${runtimeDir}.old`]) remove(path)
  const data = dataOf(service)
  if (purge) {
    for (const path of data) remove(path)
    await forget(service, tell, removed)
  }
  const folders = [dirname(runtimeDir), dirname(places.configFile), places.stateDir, logDir, service.stateDir]
  for (const path of folders) if (path !== undefined) removeEmpty(path, homedir)
  const kept = purge ? foreign(service) : data.filter(isThere)
  return { found: unloaded || removed.length > 0, unloaded, removed, kept }
}

/** Settings, state and logs, as far as they are where we put them: all that is in our own folders, by name elsewhere. */
export const dataOf = ({ places, stateDir }: Service): readonly string[] => {
  const own = [...new Set([dirname(places.configFile), places.stateDir])]
  const inOwn = own.flatMap(folder => list(folder).map(name => join(folder, name)))
  const elsewhere = stateDir === undefined || own.includes(stateDir) ? [] : list(stateDir).filter(isState)
  // Other profiles and the copy have their own way.
  const spared = new Set(['profiles', ...['', '.new', '.old'].map(suffix => basename(places.runtimeDir) + suffix)])
  return [
    ...inOwn.filter(path => !spared.has(basename(path))),
    ...elsewhere.map(name => join(stateDir ?? '', name)),
    ...(isThere(places.logDir) ? [places.logDir] : []),
  ]
}

/** What the agent keeps in its state folder. */
const isState = (name: string): boolean => /^(state\.db.*|first-start|agent\.sock|attempts)$/.test(name)

const unload = async (label: string, launchctl: Launchctl, tell: Tell): Promise<boolean> => {
  const seen = await launchctl.print(label)
  if (seen.kind === 'no-launchd' || seen.kind === 'not-loaded' || seen.kind === 'no-session') return false
  tell({ kind: 'step', text: 'stop and unload the service' })
  try {
    await launchctl.bootout(label)
    return seen.kind === 'loaded'
  } catch (error) {
    // Without its plist it does not come back at the next login.
    if (seen.kind === 'loaded') throw error
    tell({ kind: 'warning', text: `launchd does not report whether the service is loaded: ${seen.said}` })
    return false
  }
}

const stillRunning = (pid: number): EdgeError =>
  new EdgeError('still_running', `an agent is still running on this state (pid ${pid}); nothing was removed`, {
    exit: EXIT.alreadyRunning,
    remedy: 'Stop it first: edge-agent stop, or Ctrl-C in its terminal.',
  })

const forget = async ({ places, inspection }: Service, tell: Tell, removed: string[]): Promise<void> => {
  const account = inspection.rows.find(({ key }) => key === 'agent_id')?.value
  if (typeof account !== 'string' || findTool('security') === undefined) return
  try {
    const isRemoved = await removeKeychain({ service: places.label, account })
    if (isRemoved) removed.push(`the Keychain item ${places.label} of ${account}`)
  } catch (error) {
    tell({ kind: 'warning', text: `The Keychain item ${places.label} was not removed: ${(error as Error).message}.` })
  }
}

/** Files that the settings name and that are not ours to remove. */
const foreign = ({ inspection }: Service): readonly string[] => {
  const named = inspection.rows.find(({ key }) => key === 'secret_file')?.value
  return [inspection.file.path, ...(typeof named === 'string' ? [named] : [])].filter(isThere)
}

/** A folder of ours that has become empty, and those above it that are ours too. */
const removeEmpty = (path: string, homedir: string): void => {
  const isOurs = relative(homedir, path)
    .split('/')
    .some(part => /^edge-agent(\.|$)/.test(part))
  if (!isOurs) return
  try {
    rmdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return // not empty
  }
  removeEmpty(dirname(path), homedir)
}

const list = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : [])

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined
