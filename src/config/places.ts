import { join } from 'node:path'
import { EdgeError, EXIT } from '../agent/core/errors.ts'

/** What the defaults depend on. */
export type Host = {
  readonly homedir: string
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTTY: boolean
  /** Which of several agents of one user; undefined for the only or first one. */
  readonly profile?: string | undefined
}

/** Where everything of one agent is, unless the settings have it elsewhere. Paths are absolute. */
export type Places = {
  readonly configFile: string
  /** Where `init` puts the secret; read only where the settings name it. */
  readonly secretFile: string
  readonly stateDir: string
  /** The private copy of node and of the program that launchd starts. It and what follows is used with launchd alone. */
  readonly runtimeDir: string
  readonly logDir: string
  /** The agent's own log under launchd; rotated ones beside it. */
  readonly logFile: string
  /** What launchd itself, or a crash, writes. */
  readonly launchdLogFile: string
  /** The service's name for launchd. */
  readonly label: string
  readonly plistFile: string
}

export const placesOf = (host: Host): Places => {
  const config = folder(host, 'XDG_CONFIG_HOME', '.config')
  const state = folder(host, 'XDG_STATE_HOME', '.local/state')
  const name = host.profile === undefined ? '' : `.${host.profile}`
  const label = `com.edge-agent${name}`
  const logDir = join(host.homedir, `Library/Logs/edge-agent${name}`)
  return {
    configFile: join(config, 'config.toml'),
    secretFile: join(config, 'secret'),
    stateDir: state,
    runtimeDir: join(host.homedir, 'Library/Application Support', ownFolder(host), 'runtime'),
    logDir,
    logFile: join(logDir, 'agent.log'),
    launchdLogFile: join(logDir, 'launchd.log'),
    label,
    plistFile: join(host.homedir, `Library/LaunchAgents/${label}.plist`),
  }
}

/**
 * The profile that is meant by a flag, or else by EDGE_PROFILE; undefined for none.
 *
 * @throws EdgeError `usage` where it is no name.
 */
export const parseProfile = (flag: string | undefined, variable: string | undefined): string | undefined => {
  const written = flag ?? (variable || undefined)
  if (written === undefined || /^[a-z0-9][a-z0-9-]{0,31}$/.test(written)) return written
  throw new EdgeError('usage', `"${written}" is not a valid profile name`, {
    exit: EXIT.usage,
    remedy: 'Use up to 32 lower-case letters, digits and hyphens, such as --profile family.',
  })
}

/** A leading `~` is the home folder, as in a shell. */
export const expandHome = (path: string, homedir: string): string => path.replace(/^~(?=\/|$)/, () => homedir)

const ownFolder = ({ profile }: Host): string =>
  profile === undefined ? 'edge-agent' : join('edge-agent', 'profiles', profile)

const folder = (host: Host, variable: string, fallback: string): string => {
  const { homedir, platform, env } = host
  const own = ownFolder(host)
  if (platform === 'darwin') return join(homedir, 'Library/Application Support', own)
  const base = env[variable]
  // The XDG specification has relative paths ignored.
  return join(base?.startsWith('/') ? base : join(homedir, fallback), own)
}
