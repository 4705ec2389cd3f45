import type { Command } from 'commander'
import { addServiceFlags } from './settings-flags.ts'

/** `edge-agent install`: makes the agent a service of the logged-in user, with the permissions that it needs. */
export const register = (program: Command): void => {
  const install = program
    .command('install')
    .description('make the agent a service that runs from login on, and lead through its permissions')
    .option('--upgrade', 'replace what is installed by this version')
    .option('--node <path>', 'let the service use this node binary where it is, instead of a private copy')
    .option('--dry-run', 'print every step as one could do it by hand, and change nothing')
    .option('--wait', 'wait until the permissions are given (the default in a terminal)')
    .option('--no-wait', 'say what is missing and how to give it, and end (the default elsewhere)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
  const input = addServiceFlags(install)
  install.action(async (options: InstallOptions) => {
    const { runInstall } = await import('./run-install.ts')
    await runInstall(input(), options)
  })
}

export type InstallOptions = {
  readonly upgrade?: true
  readonly node?: string
  readonly dryRun?: true
  readonly wait?: boolean
  readonly json?: true
}

const HELP = `
macOS gives Full Disk Access and Automation to a binary, and a new version of it needs them anew. So the service runs
on a copy of node that belongs to it alone, in ~/Library/Application Support/edge-agent/runtime; only --upgrade
replaces it, and only where node itself has changed. A second install repairs what is missing, starts what is not
running and goes on with the permissions; where all is well it ends with 0 and has changed nothing.

Settings come from the settings file: launchd knows no variables of any shell.

Exit codes: 0 installed, with both permissions; 2 given up while waiting; 75 an agent runs in a terminal; 77 a
permission is missing, or this is root; 78 the settings are wrong.

Examples:
  $ edge-agent install --dry-run            what would it do?
  $ edge-agent install                      do it, and wait for the permissions
  $ edge-agent install --upgrade            after a new version of edge-agent
  $ edge-agent install --node /opt/node/bin/node
                                            with a binary that you sign yourself`
