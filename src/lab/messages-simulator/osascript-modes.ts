import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How one call of the osascript stand-in goes. What is "sent" is in the ledger; times are in milliseconds. */
export type OsascriptMode = (
  | { readonly mode: 'ok' }
  /** Takes at least that long before the text is handed over, in place of 30 to 60. */
  | { readonly mode: 'slow'; readonly ms: number }
  /** Never reaches phase "send". `message` is the localised text; the number is what counts. */
  | { readonly mode: 'fail-before'; readonly number: number; readonly message?: string }
  /** Messages has an account that is not signed in: nothing is sent, and it says so. */
  | { readonly mode: 'signed-out' }
  /** Sent, with a row, and yet an error: -1712, -609, or one without a number. */
  | { readonly mode: 'send-then-fail'; readonly number?: number; readonly message?: string }
  /** Reaches phase "send" and stays there, deaf to SIGTERM, for `ms` or two minutes; nothing is sent. */
  | { readonly mode: 'hang'; readonly ms?: number }
  /** As `hang`, but Messages sends after `ms`, whatever became of osascript meanwhile. */
  | { readonly mode: 'hang-then-send-late'; readonly ms: number }
  /** The row comes that long after the sending, in place of 20 to 80. */
  | { readonly mode: 'row-late'; readonly ms: number }
  /** Sent, exit 0, and no row ever. */
  | { readonly mode: 'no-row' }
  /** Exit 0, but not sent: the row has an error, from the start or by an UPDATE `afterMs` later. */
  | { readonly mode: 'error-row'; readonly error: number; readonly afterMs?: number }
  /** Exit 0, but not sent: an empty row in no chat. */
  | { readonly mode: 'ghost-row' }
  /** Sent, with that many bytes of noise on standard error. */
  | { readonly mode: 'noisy'; readonly bytes: number }
  /** Ends at once with that code, as a shell does that cannot start a program. */
  | { readonly mode: 'exit-code'; readonly code: number }
) & {
  /** What Messages does to the words in chat.db; the person gets them as they were. */
  readonly rewrite?: Rewrite
  /** The person is its owner: it comes back as an incoming row, so long after it was sent, from that address. */
  readonly comesBack?: ComesBack
}

/**
 * smart-punctuation: `...` becomes `…`, `--` becomes `—`, and a space comes to stand at the end. split-links: each link becomes a
 * row of its own, its preview, 0.2 s after the row before; previews: the same, and the words keep their links.
 */
export type Rewrite = 'smart-quotes' | 'strip-variation-selectors' | 'smart-punctuation' | 'split-links' | 'previews'
export type ComesBack = {
  readonly afterMs: number
  readonly from: string
  /** The guid of another chat than the one it was sent to. */
  readonly chat?: string
  readonly columns?: Readonly<Record<string, string | number | null>>
}

/** How an osascript that is to stand ready goes until it has its text; then it is an `OsascriptMode` as any other. */
export type SlotMode =
  | { readonly mode: 'ok' }
  /** Ready only when it is that old. */
  | { readonly mode: 'slow-ready'; readonly ms: number }
  | { readonly mode: 'never-ready' }
  /** Ends with an error that long after it was ready. */
  | { readonly mode: 'dies'; readonly afterMs: number }
  /** Never gets ready: Messages does not run, say (-600). */
  | { readonly mode: 'fail-before'; readonly number: number }
  /** Does not end when its input does without a whole job. */
  | { readonly mode: 'deaf' }
  /** Ends with 0 whatever it got, and sends nothing. */
  | { readonly mode: 'quiet-end' }
  /** Takes its job and does nothing. */
  | { readonly mode: 'stuck' }
  /** Closes its input before it says that it is ready, and goes on. */
  | { readonly mode: 'shut' }
  | { readonly mode: 'exit-code'; readonly code: number }

/** How fast osascript is, in milliseconds: from its start until it has found its chat, and from then until it has sent. */
export type Pace = { readonly readyMs?: number; readonly sendMs?: number }

/** The content of `osascript.json`, and of `slots.json` for those that are to stand ready. */
export type ModeEntry = Entry<OsascriptMode>
export type SlotEntry = Entry<SlotMode>

/** A mode for one target, a chat's guid or identifier, or for all (`*`). */
type Entry<Mode> = {
  readonly target: string
  /** Only for calls with exactly this text. */
  readonly text?: string
  readonly mode: Mode
  /** For the next so many calls; without it, for all of them. */
  readonly times?: number
}

/**
 * Takes the mode of a call that sends `text` to `target` out of `dir`: counted entries before standing ones, those of the
 * target before those for all. Of several processes that ask at once, each gets an entry of its own.
 */
export const takeMode = (dir: string, target: string, text: string): OsascriptMode =>
  take<OsascriptMode>(modesFile(dir), target, text)

/** The same for one that is to stand ready: its text is not known yet. */
export const takeSlotMode = (dir: string, target: string): SlotMode => take<SlotMode>(slotsFile(dir), target)

type Ok = { readonly mode: 'ok' }

const take = <Mode extends { readonly mode: string }>(file: string, target: string, text?: string): Mode | Ok =>
  exchangeModes<Mode | Ok, Entry<Mode>>(file, entries => {
    const wanted = [target, target.split(';', 3)[2], '*']
    const candidates = [...entries.filter(isCounted), ...entries.filter(entry => !isCounted(entry))]
    const rank = (entry: Entry<Mode>) => (isCounted(entry) ? 0 : 2) + (entry.target === '*' ? 1 : 0)
    const fits = (entry: Entry<Mode>) => wanted.includes(entry.target) && (entry.text ?? text) === text
    const [found] = candidates.filter(fits).sort((a, b) => rank(a) - rank(b))
    const rest = entries.flatMap(entry => {
      if (entry !== found || entry.times === undefined) return [entry]
      return entry.times > 1 ? [{ ...entry, times: entry.times - 1 }] : []
    })
    return [found?.mode ?? { mode: 'ok' }, rest]
  })

/** The standing mode of calls that send nothing, such as the probe: those set for `target`, or for all. */
export const standingMode = (dir: string, target: string): OsascriptMode =>
  exchangeModes<OsascriptMode, ModeEntry>(modesFile(dir), entries => {
    const standing = entries.filter(entry => !isCounted(entry) && entry.text === undefined)
    const found = [target, '*'].map(wanted => standing.find(entry => entry.target === wanted)).find(Boolean)
    return [found?.mode ?? { mode: 'ok' }, entries]
  })

/** Adds an entry: a counted one after those that wait, a standing one in place of the earlier one for the same calls. */
export const addMode = (dir: string, entry: ModeEntry): void => add(modesFile(dir), entry)
export const addSlotMode = (dir: string, entry: SlotEntry): void => add(slotsFile(dir), entry)

const add = <E extends ModeEntry | SlotEntry>(file: string, entry: E): void =>
  exchangeModes<void, E>(file, entries => {
    const isReplaced = ({ target, text, times }: E) =>
      times === undefined && target === entry.target && text === entry.text
    const others = isCounted(entry) ? entries : entries.filter(other => !isReplaced(other))
    return [undefined, [...others, entry]]
  })

/** Empty files, where `dir` has none. */
export const ensureModes = (dir: string): void => {
  for (const file of [modesFile(dir), slotsFile(dir)]) {
    try {
      writeFileSync(file, '[]', { flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

export const writePace = (dir: string, pace: Pace): void => writeFileSync(join(dir, PACE), JSON.stringify(pace))
/** Where nothing was said it is as it comes. */
export const readPace = (dir: string): Pace => {
  try {
    return JSON.parse(readFileSync(join(dir, PACE), 'utf8'))
  } catch {
    return {}
  }
}
const PACE = 'pace.json'

const modesFile = (dir: string): string => join(dir, 'osascript.json')
const slotsFile = (dir: string): string => join(dir, 'slots.json')

const isCounted = ({ times }: { readonly times?: number }): boolean => times !== undefined

/** The file is its own lock: who has renamed it owns it, until it is put back under its name. */
const exchangeModes = <Result, E>(
  file: string,
  change: (entries: readonly E[]) => readonly [Result, readonly E[]],
): Result => {
  const mine = `${file}.${process.pid}`
  takeFile(file, mine)
  try {
    const [result, entries] = change(JSON.parse(readFileSync(mine, 'utf8')))
    writeFileSync(mine, JSON.stringify(entries, undefined, 2))
    return result
  } finally {
    renameSync(mine, file)
  }
}

const takeFile = (file: string, mine: string): void => {
  const deadline = Date.now() + TAKE_MS
  for (;;) {
    try {
      renameSync(file, mine)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || Date.now() > deadline) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
    }
  }
}

// An owner keeps the file for well under a millisecond.
const TAKE_MS = 5000
