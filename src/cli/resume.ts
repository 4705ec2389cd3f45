import type { Command } from 'commander'
import { addSettingsFlags } from './settings-flags.ts'

/** `edge-agent resume [THREAD]`: what was held goes out, or is given up. */
export const register = (program: Command): void => {
  const resume = program
    .command('resume [thread]')
    .description('end a pause: what was held goes out in order, or is given up')
    .option('--drop', 'give up what was held meanwhile, for good; it stays on record')
    .option('--all', 'end every pause, those of single threads too')
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
  $ edge-agent resume                           end the pause of everything; threads paused by themselves stay so
  $ edge-agent resume --all                     end every pause there is
  $ edge-agent resume "+1 (562) 292-4139"       whatever holds this thread: a pause, a hand-written message, a broken loop
  $ edge-agent resume +15622924139 --drop       give up what was held there meanwhile

What the backend still thinks about when you say --drop is answered as ever. Quiet hours (send.quiet_hours) go on.`
