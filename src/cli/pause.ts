import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent pause [THREAD]`: nothing is sent there, or anywhere, until it is resumed. */
export const register = (program: Command): void => {
  const pause = program
    .command('pause [thread]')
    .description('send nothing more to a thread, or to nobody, until resumed; what comes in is still forwarded')
    .option('--for <duration>', 'end by itself after that long, such as 30m, 2h or 1d')
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
  $ edge-agent pause                            send nothing to anybody
  $ edge-agent pause --for 2h                   for two hours
  $ edge-agent pause "+1 (562) 292-4139"        nothing to this conversation; a number, an address, or chat655333
  $ edge-agent queue                            what is paused, and what waits

It counts at once, and across restarts. It is about sending alone: messages that come in are still forwarded to the
backend, and its answers are held, not lost. Commands of the backend are held too, and told so. A text that is just
being sent is not called back.`
