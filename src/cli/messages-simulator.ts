import type { Command } from 'commander'

/** `edge-agent messages-simulator`: a Messages.app for machines without one, played over standard input and output. */
export const register = (program: Command): void => {
  program
    .command('messages-simulator', { hidden: true })
    .description('simulate Messages: a chat.db to read and an osascript to send with')
    .requiredOption('--dir <dir>', 'folder for chat.db, osascript and the ledger of sent texts')
    .action(async ({ dir }: { dir: string }) => {
      const { playMessages } = await import('../lab/messages-simulator/play-messages.ts')
      await playMessages({
        dir,
        input: process.stdin,
        output: process.stdout,
        errors: process.stderr,
        stop: onSigterm(),
      })
    })
}

const onSigterm = (): AbortSignal => {
  const controller = new AbortController()
  process.once('SIGTERM', () => controller.abort())
  return controller.signal
}
