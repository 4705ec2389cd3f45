import { join } from 'node:path'

/** What the defaults depend on. */
export type Host = {
  readonly homedir: string
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTTY: boolean
}

export const defaultConfigFile = (host: Host): string => join(home(host, 'XDG_CONFIG_HOME', '.config'), 'config.toml')

export const defaultStateDir = (host: Host): string => home(host, 'XDG_STATE_HOME', '.local/state')

/** A leading `~` is the home folder, as in a shell. */
export const expandHome = (path: string, homedir: string): string => path.replace(/^~(?=\/|$)/, () => homedir)

const home = ({ homedir, platform, env }: Host, variable: string, fallback: string): string => {
  if (platform === 'darwin') return join(homedir, 'Library/Application Support/edge-agent')
  const base = env[variable]
  // The XDG specification has relative paths ignored.
  return join(base?.startsWith('/') ? base : join(homedir, fallback), 'edge-agent')
}
