import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Redacted, RedactSettings } from '../redact/redact.ts'

/**
 * Redacts a text that is so long that everybody would wait for it: in a thread of its own, which ends with it and so gives
 * its memory back. Rejects where there can be no such thread.
 */
export const createRedactLong =
  (settings: RedactSettings) =>
  (text: string): Promise<Redacted> =>
    new Promise((resolve, reject) => {
      const program = new URL(`./redaction-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url)
      const worker = new Worker(program, { workerData: { text, settings }, resourceLimits: MEMORY })
      worker.unref()
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () => reject(new Error('the thread ended without a result')))
    })

/** Many times what a megabyte takes: so that the thread clears up behind itself instead of taking what there is. */
const MEMORY = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 8 }
