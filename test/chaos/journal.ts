import { openSync, readFileSync, writeSync } from 'node:fs'

/** What the backend saw and did, over all its lives; `at` is Unix milliseconds with fractions. */
export type JournalEntry = { readonly at: number } & (
  | { readonly type: 'connected'; readonly total: number }
  | { readonly type: 'disconnected' }
  | { readonly type: 'posted'; readonly n: number }
  /** Noted before the answer can leave: whatever an agent accepted is here. */
  | { readonly type: 'answer'; readonly n: number; readonly bubbles: readonly string[] }
  | { readonly type: 'reflex'; readonly n: number; readonly commandId: string }
  | { readonly type: 'ack'; readonly commandId: string; readonly status: string }
)

type Note = JournalEntry extends infer Entry ? (Entry extends JournalEntry ? Omit<Entry, 'at'> : never) : never

/** Appends to the journal: what was noted, of which `onNoted` hears, survives a kill -9 of the one who noted it. */
export const openJournal = (path: string, onNoted: (type: JournalEntry['type']) => void) => {
  const fd = openSync(path, 'a')
  return {
    note: (note: Note): void => {
      writeSync(fd, `${JSON.stringify({ at: performance.timeOrigin + performance.now(), ...note })}\n`)
      onNoted(note.type)
    },
  }
}

export const readJournal = (path: string): readonly JournalEntry[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as JournalEntry) // our own lines
