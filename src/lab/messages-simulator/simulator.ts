import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Committed, type IncomingSpec, openChatDbWriter } from './chat-db-writer.ts'
import { ledgerFile, readLedger, type Sent } from './ledger.ts'
import {
  addMode,
  addSlotMode,
  ensureModes,
  type ModeEntry,
  type OsascriptMode,
  type Pace,
  type SlotEntry,
  type SlotMode,
  writePace,
} from './osascript-modes.ts'

export type Simulator = ReturnType<typeof createSimulator>

/**
 * A Messages.app for machines without one, living in the folder `dir`: a chat.db with people who write, and an `osascript`
 * that sends, or fails to, as told. A folder that was used before goes on where it was.
 */
export const createSimulator = ({ dir: folder }: { readonly dir: string }) => {
  const dir = resolve(folder)
  mkdirSync(dir, { recursive: true })
  const chatDbPath = join(dir, 'chat.db')
  const osascriptPath = join(dir, 'osascript')
  const ledgerPath = ledgerFile(dir)
  const writer = openChatDbWriter(chatDbPath)
  closeSync(openSync(ledgerPath, 'a'))
  ensureModes(dir)
  writeLauncher(osascriptPath, dir)

  return {
    ...writer,
    chatDbPath,
    osascriptPath,
    ledgerPath,

    /** Someone writes to us: in their direct chat, unless another one is named. */
    receive: (message: Omit<IncomingSpec, 'chat'> & Partial<IncomingSpec>): Promise<Committed> =>
      writer.writeIncoming({ chat: `any;-;${message.from}`, ...message }),

    /**
     * How osascript goes for `target`, a chat's guid or identifier, or for everyone, and where `text` is given for that
     * text alone: for the next `times` calls, else from now on. Counted modes come first, in the order they were set.
     */
    setOsascriptMode: (mode: OsascriptMode, { target = '*', ...calls }: Partial<Omit<ModeEntry, 'mode'>> = {}): void =>
      addMode(dir, { target, ...calls, mode }),

    /** The same for the next ones that are to stand ready, until they have their text. */
    setSlotMode: (mode: SlotMode, { target = '*', ...calls }: Partial<Omit<SlotEntry, 'mode' | 'text'>> = {}): void =>
      addSlotMode(dir, { target, ...calls, mode }),

    /** How fast osascript is from now on. */
    setPace: (pace: Pace): void => writePace(dir, pace),

    /** What was really sent, in order: the truth that all records are measured by. */
    readLedger: (): readonly Sent[] => readLedger(ledgerPath),
  }
}

/** The program runs by the same Node as we do, and from source where we do: hence the cache, or each call would compile. */
const writeLauncher = (path: string, dir: string): void => {
  const extension = extname(fileURLToPath(import.meta.url))
  const program = fileURLToPath(new URL(`./osascript${extension}`, import.meta.url))
  const cache = join(tmpdir(), 'messages-simulator-compile-cache')
  const command = `exec ${quote(process.execPath)} ${quote(program)} ${quote(dir)} "$@"`
  writeFileSync(path, `#!/bin/sh\nexport NODE_COMPILE_CACHE=${quote(cache)}\n${command}\n`)
  chmodSync(path, 0o755)
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
