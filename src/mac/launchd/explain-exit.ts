import { EXIT } from '../../agent/core/errors.ts'

/** What the last exit code of the service says, and what to do about it. */
export type ExitMeaning = { readonly meaning: string; readonly remedy: string }

export const explainExit = (code: number): ExitMeaning =>
  MEANINGS[code] ?? {
    meaning: code > 128 || SIGNALS.has(code) ? 'it was killed, or it crashed' : 'it failed',
    remedy: 'The log says why: edge-agent logs.',
  }

const MEANINGS: Readonly<Record<number, ExitMeaning>> = {
  [EXIT.ok]: {
    meaning: 'it was stopped cleanly, and stays stopped',
    remedy: 'To start it again: edge-agent restart.',
  },
  [EXIT.usage]: {
    meaning: "the program does not understand the plist's arguments",
    remedy: 'To renew both: edge-agent install --upgrade.',
  },
  [EXIT.alreadyRunning]: {
    meaning: 'another agent is running on the same state',
    remedy: 'Stop that one (edge-agent stop, or Ctrl-C in its terminal); the service then takes over.',
  },
  [EXIT.permission]: {
    meaning: 'macOS does not let it read chat.db, or one of its own files belongs to another user',
    remedy: 'Grant Full Disk Access to its binary: edge-agent install guides you through it.',
  },
  [EXIT.config]: {
    meaning: 'its settings are wrong, chat.db does not exist, or a folder named in the plist cannot be used',
    remedy: 'To find out: edge-agent config check, then edge-agent doctor.',
  },
  126: { meaning: 'its binary cannot be started', remedy: 'To renew it: edge-agent install --upgrade.' },
  127: { meaning: 'its binary is missing', remedy: 'To restore it: edge-agent install.' },
}

/** SIGILL, SIGTRAP, SIGABRT, SIGKILL, SIGBUS, SIGSEGV, SIGTERM. */
const SIGNALS: ReadonlySet<number> = new Set([4, 5, 6, 9, 10, 11, 15])
