import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent queue [list|retry|drop]`: what waits, is parked or dead, and why; and what to do about it. */
export const register = (program: Command): void => {
  const queue = program
    .command('queue')
    .description('list, retry or drop waiting and failed items')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', EXAMPLES)

  const list = queue
    .command('list', { isDefault: true })
    .description('list the queue (the default)')
    .option('--json', 'print the list as JSON')
  const listInput = addSettingsFlags(list)
  list.action(async ({ json }: { json?: true }) => {
    const { printQueue } = await import('./tend-queue.ts')
    await printQueue(listInput(), { json: json === true })
  })

  for (const [verb, description] of [
    ['retry', 'POST dead letters again; send uncertain or failed bubbles again'],
    ['drop', 'drop messages, bubbles and scheduled messages for good; they stay on record'],
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
  $ edge-agent queue                all items, with their ids and reasons
  $ edge-agent queue retry m12 b34  try these two again
  $ edge-agent queue drop b34       drop this one
  $ edge-agent queue drop s5        do not send this scheduled message; the
                                    backend is told`
