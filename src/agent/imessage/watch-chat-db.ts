import { type FSWatcher, statSync, watch } from 'node:fs'
import { type ChatDb, type ChatDbProblem, explainChatDbError, identityOf, openChatDb } from './chat-db.ts'

/**
 * Follows chat.db until `signal` aborts; never rejects.
 *
 * `PRAGMA data_version` is the truth; an event on the -wal is a hint that only wakes the poll early. The event can
 * come before the commit is visible, so the poll then looks several times in quick succession. A file that was
 * replaced is noticed by its identity, and everything is opened anew.
 */
export const watchChatDb = async (watching: {
  readonly path: string
  /** false: no file events, polling alone. */
  readonly hint: boolean
  readonly signal: AbortSignal
  /** A conversation lives: look more often. */
  readonly isLive: () => boolean
  /**
   * Reads what is new; undefined where nothing is. `isChanged`: chat.db has changed since the last look; `again`: when to look
   * once more though nothing changes. May throw what SQLite throws.
   */
  readonly look: (
    db: ChatDb,
  ) => { readonly isChanged: boolean; readonly again: 'at a change' | 'soon' | 'at once' } | undefined
  /** The connection to read by, or none for the moment. */
  readonly onOpen: (db: ChatDb | undefined) => void
  readonly onProblem: (problem: ChatDbProblem | undefined) => void
  /** Hands out a function that makes the next look happen now: after waking from sleep, say. */
  readonly onReady?: (lookNow: () => void) => void
}): Promise<void> => {
  const { path, signal, onOpen, onProblem } = watching
  const pause = createPause(signal)
  watching.onReady?.(pause.wake)
  while (!signal.aborted) {
    let db: ChatDb | undefined
    let problem: ChatDbProblem | undefined
    try {
      db = openChatDb(path)
      onOpen(db)
      await follow(db, watching, pause)
    } catch (error) {
      onOpen(undefined)
      db?.close()
      db = undefined
      problem = explainChatDbError(error, path)
      onProblem(problem)
    } finally {
      onOpen(undefined)
      db?.close()
    }
    if (problem !== undefined) await pause.sleep(REOPEN_MS)
  }
}

const LIVE_POLL_MS = 25
const QUIET_POLL_MS = 700
/** For this long after a change the next one is likely. */
const LIVE_FOR_MS = 30_000
const REOPEN_MS = 1_000
const IDENTITY_CHECK_MS = 1_000
/** When to look after a hint: the commit becomes visible a little after the write that made the event. */
const AFTER_HINT_MS = [0, 1, 2, 5, 10, 20]

/** Reads one file until it is another, or until the end. Throws what reading throws. */
const follow = async (
  db: ChatDb,
  watching: Parameters<typeof watchChatDb>[0],
  pause: ReturnType<typeof createPause>,
): Promise<void> => {
  const { path, signal, isLive, look, onProblem } = watching
  const walPath = `${path}-wal`
  const hints = watchWal(walPath, watching.hint, pause.wake)
  let wal = inodeOf(walPath)
  let changedAt = Number.NEGATIVE_INFINITY
  let isFirst = true
  let checkedAt = performance.now()
  try {
    while (!signal.aborted) {
      const found = look(db)
      if (found !== undefined) {
        onProblem(undefined)
        if (found.isChanged && !isFirst) changedAt = performance.now()
        isFirst = false
        if (found.again === 'at once') {
          await new Promise(resolve => setImmediate(resolve))
          continue
        }
      }
      const now = performance.now()
      if (now - checkedAt >= IDENTITY_CHECK_MS) {
        checkedAt = now
        const walNow = inodeOf(walPath)
        // Who deletes the -wal deletes the -shm, too: others then write to new ones, and nothing shows in ours.
        if (identityOf(path) !== db.file || (wal !== undefined && wal !== walNow)) return
        wal = walNow
        hints.renew()
      }
      const live = isLive() || now - changedAt < LIVE_FOR_MS
      await pause.sleep(live ? LIVE_POLL_MS : QUIET_POLL_MS)
    }
  } finally {
    hints.close()
  }
}

/** Watches the -wal alone: it carries none of SQLite's locks, so opening and closing it is safe. */
const watchWal = (path: string, enabled: boolean, onHint: () => void) => {
  let watcher: FSWatcher | undefined
  let inode: bigint | undefined
  const close = () => {
    watcher?.close()
    watcher = undefined
  }
  const renew = () => {
    if (!enabled) return
    const current = inodeOf(path)
    if (current === inode && watcher !== undefined) return
    close()
    inode = current
    if (current === undefined) return
    try {
      // Any event counts: on macOS a write into the middle of the file arrives as 'rename'.
      watcher = watch(path, { persistent: false }, onHint)
      watcher.on('error', close)
    } catch {
      watcher = undefined // polling does without
    }
  }
  renew()
  return { renew, close }
}

const inodeOf = (path: string): bigint | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })?.ino

/** A sleep that a hint cuts into a series of short ones. */
const createPause = (signal: AbortSignal) => {
  let looks: readonly number[] = []
  let hintedAt = 0
  let end: (() => void) | undefined
  const wake = () => {
    hintedAt = performance.now()
    looks = AFTER_HINT_MS
    end?.()
  }
  signal.addEventListener('abort', () => end?.(), { once: true })

  const sleep = async (ms: number): Promise<void> => {
    if (signal.aborted) return
    const [next, ...later] = looks
    looks = later
    const rest = next === undefined ? ms : Math.max(0, hintedAt + next - performance.now())
    if (rest === 0) return new Promise(resolve => setImmediate(resolve))
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, Math.min(rest, ms))
      end = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    end = undefined
  }
  return { wake, sleep }
}
