import { controlSocketPath } from '../../agent/control/socket-path.ts'
import { type ConfigInput, type Inspection, inspectConfig } from '../../config/inspect-config.ts'
import { type Places, placesOf } from '../../config/places.ts'
import type { Launchctl } from '../launchd/launchctl.ts'

/** The service of one profile: where all of it is, and its settings as launchd will see them. */
export type Service = {
  readonly places: Places
  readonly homedir: string
  readonly inspection: Inspection
  /** What follows `start` in the plist. */
  readonly args: readonly string[]
  /** Of the settings; undefined where they are too wrong to tell. */
  readonly stateDir: string | undefined
  /** Where the service listens once it runs. */
  readonly socket: string | undefined
  /** Where it logs. */
  readonly logFile: string
  /** Variables of this shell that hold settings: launchd's processes do not get them. */
  readonly shellOnly: readonly string[]
}

/** What every word to the service takes: launchd, and the variables of whoever says it. */
export type ServiceNeeds = {
  readonly launchctl: Launchctl
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A process of launchd has no variable of any shell, so only the flags here and the settings file count. */
export const asLaunchd = ({ flags, env, homedir, platform, profile }: ConfigInput): Service => {
  const host = { homedir, platform, env: {}, isTTY: false, profile }
  const config = flags['config'] || env['EDGE_CONFIG'] || undefined
  const places = placesOf(host)
  const inspection = inspectConfig({ ...host, flags: { config } })
  const setting = (key: string) => inspection.rows.find(row => row.key === key)
  const stateDir = setting('state_dir')?.value
  const isText = typeof stateDir === 'string'
  const log = setting('log_file')
  const ownLog = log?.origin === inspection.file.path && typeof log.value === 'string' ? log.value : undefined
  return {
    places,
    homedir,
    inspection,
    args: [
      ...(config === undefined ? [] : ['--config', inspection.file.path]),
      ...(profile === undefined ? [] : ['--profile', profile]),
      ...(ownLog !== undefined ? [] : ['--log-file', places.logFile]),
    ],
    stateDir: isText ? stateDir : undefined,
    socket: isText ? controlSocketPath(stateDir) : undefined,
    logFile: ownLog ?? places.logFile,
    shellOnly: Object.keys(env).filter(name => name.startsWith('EDGE_') && !NOT_SETTINGS.has(name) && env[name]),
  }
}

const NOT_SETTINGS: ReadonlySet<string> = new Set(['EDGE_CONFIG', 'EDGE_PROFILE', 'EDGE_FAILPOINT'])
