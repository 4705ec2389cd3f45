import { statSync } from 'node:fs'

/** When Messages last wrote, Unix milliseconds: the commit that is about to be read. */
export const commitTime = (chatDb: string): number => {
  const now = Date.now()
  const wal = statSync(`${chatDb}-wal`, { throwIfNoEntry: false })
  return wal === undefined || wal.mtimeMs > now || now - wal.mtimeMs > 10_000 ? now : wal.mtimeMs
}
