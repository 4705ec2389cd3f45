import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'
import { spareMemory } from './spare-memory.ts'

/** `edge-agent start`: runs the agent in the foreground until SIGTERM or Ctrl-C. */
export const register = (program: Command): void => {
  const start = program
    .command('start')
    .description('run the agent in the foreground until Ctrl-C or SIGTERM')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(start)
  start.action(async () => {
    spareMemory()
    const { runAgent } = await import('./run-agent.ts')
    await runAgent(input())
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent start                                 use the settings file
  $ edge-agent start --log-format json >> agent.log  log JSON lines to a file
  $ edge-agent start --log-level debug --state-dir ~/try`
