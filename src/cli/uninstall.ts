import type { Command } from 'commander'
import { addServiceFlags } from './settings-flags.ts'

/** `edge-agent uninstall [--purge]`: the service goes, and with --purge all that it knew. */
export const register = (program: Command): void => {
  const uninstall = program
    .command('uninstall')
    .description('remove the service; keep settings, state and logs unless --purge')
    .option('--purge', 'also remove settings, state, logs and the secret')
    .option('--yes', 'do not ask')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
  const input = addServiceFlags(uninstall)
  uninstall.action(async (options: UninstallOptions) => {
    const { runUninstall } = await import('./run-uninstall.ts')
    await runUninstall(input(), options)
  })
}

export type UninstallOptions = { readonly purge?: true; readonly yes?: true; readonly json?: true }

const HELP = `
macOS keeps the granted permissions in its lists. Remove edge-agent there, in
System Settings > Privacy & Security.

Examples:
  $ edge-agent uninstall                only the service; install brings it back
  $ edge-agent uninstall --purge --yes  everything, without asking`
