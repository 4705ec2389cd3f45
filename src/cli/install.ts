import type { Command } from 'commander'
import { addServiceFlags } from './settings-flags.ts'

/** `edge-agent install`: makes the agent a service of the logged-in user, with the permissions that it needs. */
export const register = (program: Command): void => {
  const install = program
    .command('install')
    .description('install as a login service and set up permissions')
    .option('--upgrade', 'replace the installed version with this one')
    .option('--node <path>', 'use this node binary in place, instead of a private copy')
    .option('--dry-run', 'print each step as commands that you could run, and change nothing')
    .option('--wait', 'wait until the permissions are granted (the default in a terminal)')
    .option('--no-wait', 'print what is missing and how to grant it, then exit (the default elsewhere)')
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
macOS grants Full Disk Access and Automation to one binary. A changed binary
needs both again. So the service runs on its own copy of node, in
~/Library/Application Support/edge-agent/runtime. Only --upgrade replaces it,
and only if node itself has changed.

If you run install again, it repairs what is missing, starts the service if it
is stopped, and continues with the permissions. If all is well, it changes
nothing.

The service reads the settings file only: launchd passes on no shell variables.

Exit codes: 0 installed, both permissions granted; 2 cancelled while waiting;
75 an agent runs in a terminal; 77 a permission is missing, or you are root; 78
wrong settings.

Examples:
  $ edge-agent install --dry-run  show what it would do
  $ edge-agent install            install, and wait for the permissions
  $ edge-agent install --upgrade  after an update of edge-agent
  $ edge-agent install --node /opt/node/bin/node
                                  use a binary that you sign yourself`
