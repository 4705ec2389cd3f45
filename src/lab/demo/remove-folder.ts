import { rm } from 'node:fs/promises'

/**
 * Removes a folder in which a process may still be at work. Not with `rmSync`: where something goes while that walks,
 * it returns as if all were done and leaves the rest, and its pauses are whole seconds, rounded down to none.
 */
export const removeFolder = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
