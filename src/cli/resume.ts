import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent resume [THREAD]`: what was held goes out, or is given up. */
export const register = (program: Command): void => {
  const resume = program
    .command('resume [thread]')
    .description('end a pause, and send or drop what was on hold')
    .option('--drop', 'drop what was on hold, for good; it stays on record')
    .option('--all', 'end every pause, including those of single threads')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', EXAMPLES)
  const input = addSettingsFlags(resume)
  resume.action(async (thread: string | undefined, options: { drop?: true; all?: true; json?: true }) => {
    const { runResume } = await import('./run-pause.ts')
    await runResume(input(), {
      thread,
      drop: options.drop === true,
      all: options.all === true,
      json: options.json === true,
    })
  })
}

const EXAMPLES = `
Examples:
  $ edge-agent resume                      end the pause for everyone; threads
                                           paused one by one stay paused
  $ edge-agent resume --all                end every pause
  $ edge-agent resume "+1 (562) 292-4139"  send to this thread again, after a
                                           pause, a takeover or a reply loop
  $ edge-agent resume +15622924139 --drop  drop what was on hold there

--drop does not affect answers that the backend is still working on. Quiet
hours (send.quiet_hours) still apply.`
