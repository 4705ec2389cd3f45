import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent queue [list|retry|drop]`: what waits, is parked or dead, and why; and what to do about it. */
export const register = (program: Command): void => {
  const queue = program
    .command('queue')
    .description('list what waits, is parked or dead, and why; act on it')
    .addHelpText('after', EXAMPLES)

  const list = queue
    .command('list', { isDefault: true })
    .description('list it (the default)')
    .option('--json', 'print the list as JSON')
  const listInput = addSettingsFlags(list)
  list.action(async ({ json }: { json?: true }) => {
    const { printQueue } = await import('./tend-queue.ts')
    await printQueue(listInput(), { json: json === true })
  })

  for (const [verb, description] of [
    ['retry', 'POST dead messages again, send parked or failed bubbles again'],
    ['drop', 'give up messages, bubbles and scheduled messages for good; they stay on record'],
  ] as const) {
    const command = queue
      .command(`${verb} <id...>`)
      .description(description)
      .option('--json', 'print the result as JSON')
    const input = addSettingsFlags(command)
    command.action(async (ids: string[], { json }: { json?: true }) => {
      const { changeQueue } = await import('./tend-queue.ts')
      await changeQueue(input(), verb, ids, { json: json === true })
    })
  }
}

const EXAMPLES = `
Examples:
  $ edge-agent queue                       what waits, is parked or dead; with its id and its reason
  $ edge-agent queue retry m12 b34         try these again
  $ edge-agent queue drop b34              give this one up
  $ edge-agent queue drop s5               a scheduled message: it is not sent, and the backend is told`
