import { parentPort, workerData } from 'node:worker_threads'
import { compileRedactRules, type RedactSettings, redact } from '../redact/redact.ts'
import { compilePattern } from './matching/compile-pattern.ts'

/** One text, in a thread of its own: see redact-long.ts. */
const { text, settings } = workerData as { readonly text: string; readonly settings: RedactSettings }
parentPort?.postMessage(redact(text, compileRedactRules(settings, compilePattern)))
