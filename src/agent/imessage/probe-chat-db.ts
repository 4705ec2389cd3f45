import { statSync } from 'node:fs'
import type { ChatDbProbe } from '../core/probes.ts'
import { type ChatDb, ChatDbProblem, openChatDb } from './chat-db.ts'

/**
 * What this process sees of chat.db now. Where a connection is `open` that one is asked, and nothing else may open the
 * file; `stat` is safe.
 */
export const probeChatDb = (path: string, open: ChatDb | undefined): Omit<ChatDbProbe, 'seenRowid'> => {
  let db = open
  try {
    db ??= openChatDb(path)
    const newestIncomingMs = db.newestIncomingMs()
    return {
      readable: true,
      highestRowid: db.highestRowid(),
      ...(newestIncomingMs !== undefined && { newestIncomingMs }),
      unknownValues: db.unknownValues(),
      ...changed(path),
    }
  } catch (error) {
    return { readable: false, problem: explain(error, path), ...changed(path) }
  } finally {
    if (db !== open) db?.close()
  }
}

const explain = (error: unknown, path: string): NonNullable<ChatDbProbe['problem']> => {
  if (error instanceof ChatDbProblem) {
    return { code: error.code, message: error.message, remedy: error.remedy ?? '' }
  }
  return {
    code: 'chat_db_unreadable',
    message: `${path} cannot be read: ${String((error as Error).message)}`,
    remedy: 'The agent keeps retrying. If this persists, restart the Mac.',
  }
}

/** Messages writes into the -wal; chat.db itself changes when that is carried over. */
const changed = (path: string): { readonly changedMs?: number } => {
  const times = [`${path}-wal`, path].flatMap(file => {
    try {
      return [statSync(file).mtimeMs]
    } catch {
      return [] // forbidden or missing: what is wrong is told already
    }
  })
  return times.length === 0 ? {} : { changedMs: Math.max(...times) }
}
