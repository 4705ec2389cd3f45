import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent pause [THREAD]`: nothing is sent there, or anywhere, until it is resumed. */
export const register = (program: Command): void => {
  const pause = program
    .command('pause [thread]')
    .description('stop sending to one thread, or to everyone, until resumed')
    .option('--for <duration>', 'resume automatically after this time, such as 30m, 2h or 1d')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(pause)
  pause.action(async (thread: string | undefined, options: { for?: string; json?: true }) => {
    const { runPause } = await import('./run-pause.ts')
    await runPause(input(), { thread, for: options.for, json: options.json === true })
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent pause                      stop sending to everyone
  $ edge-agent pause --for 2h             for two hours
  $ edge-agent pause "+1 (562) 292-4139"  one thread: a number, an address, or a
                                          chat such as chat655333
  $ edge-agent queue                      show what is paused and what waits

Takes effect immediately and survives restarts. It only stops sending: incoming
messages are still forwarded to the backend. Answers and commands from the
backend are put on hold, not lost, and the backend is told about the commands.
A text that is already being sent still goes out.`
