import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'
import { spareMemory } from './spare-memory.ts'

/** `edge-agent start`: runs the agent in the foreground until SIGTERM or Ctrl-C. */
export const register = (program: Command): void => {
  const start = program.command('start').description('run the agent in the foreground, until SIGTERM or Ctrl-C')
  const input = addSettingsFlags(start)
  start.action(async () => {
    spareMemory()
    const { runAgent } = await import('./run-agent.ts')
    await runAgent(input())
  })
}
