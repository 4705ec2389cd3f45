import type { Command } from 'commander'
import { addServiceFlags } from './settings-flags.ts'

/** `edge-agent uninstall [--purge]`: the service goes, and with --purge all that it knew. */
export const register = (program: Command): void => {
  const uninstall = program
    .command('uninstall')
    .description('remove the service; settings, state and logs stay unless --purge')
    .option('--purge', 'remove settings, state, logs and the secret too')
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
What macOS has granted stays in its lists: remove edge-agent there, in System Settings > Privacy & Security.

Examples:
  $ edge-agent uninstall                    the service only; install brings it back as it was
  $ edge-agent uninstall --purge --yes      all of it, without a question`
