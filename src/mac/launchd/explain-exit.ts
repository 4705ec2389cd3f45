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
    meaning: 'it was stopped in order, and stays so',
    remedy: 'Start it again: edge-agent restart.',
  },
  [EXIT.usage]: {
    meaning: 'the program does not understand what the plist tells it',
    remedy: 'Renew both: edge-agent install --upgrade.',
  },
  [EXIT.alreadyRunning]: {
    meaning: 'another agent runs on the same state',
    remedy: 'Stop that one (edge-agent stop, or Ctrl-C in its terminal); the service takes over by itself.',
  },
  [EXIT.permission]: {
    meaning: 'macOS does not let it read chat.db, or a file of its own belongs to somebody else',
    remedy: 'Give Full Disk Access to its binary: edge-agent install leads through it.',
  },
  [EXIT.config]: {
    meaning: 'its settings are wrong, chat.db is not there, or a folder that the plist names cannot be used',
    remedy: 'Ask: edge-agent config check, then edge-agent doctor.',
  },
  126: { meaning: 'its binary cannot be started', remedy: 'Renew it: edge-agent install --upgrade.' },
  127: { meaning: 'its binary is missing', remedy: 'Put it back: edge-agent install.' },
}

/** SIGILL, SIGTRAP, SIGABRT, SIGKILL, SIGBUS, SIGSEGV, SIGTERM. */
const SIGNALS: ReadonlySet<number> = new Set([4, 5, 6, 9, 10, 11, 15])
