import { readFileSync } from 'node:fs'
import { parse as parseToml } from 'smol-toml'
import { z } from 'zod'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import { behaviourSchema } from './behaviour.ts'
import { faultSpec } from './catalogue/catalogue.ts'
import { DIALECTS } from './command-frame.ts'

const startFault = faultSpec.refine(({ at }) => at !== 'now', {
  path: ['at'],
  message: 'no agent is connected at the start: use at = "connect" or at = "post"',
})

/** A scenario file: how the mock backend behaves from its start. What is left out is as it is without one. */
const scenarioSchema = z.strictObject({
  /** What it shows, for people. */
  title: z.string().optional(),
  about: z.string().optional(),
  ...behaviourSchema.partial().shape,
  /** The program and its arguments: one text, or a list of words. */
  replyCommand: z.union([z.string().min(1), z.array(z.string()).min(1)]).optional(),
  replyTimeoutMs: z.int().min(1).max(3_600_000).optional(),
  /** Nothing listens for so long: connections are refused. */
  downForMs: z.int().min(0).max(3_600_000).optional(),
  dialect: z.enum(DIALECTS).optional(),
  idempotency: z.boolean().optional(),
  faults: z.array(startFault).max(1000).default([]),
})

export type Scenario = z.infer<typeof scenarioSchema>

/**
 * Reads a scenario file: JSON where its name ends with .json, TOML otherwise.
 * @throws EdgeError `scenario`, naming each field that does not fit
 */
export const readScenario = (path: string): Scenario => {
  const raw = parse(path, read(path))
  const parsed = scenarioSchema.safeParse(raw)
  if (parsed.success) return parsed.data
  throw wrong(path, `is invalid:\n${z.prettifyError(parsed.error)}`, parsed.error)
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw wrong(path, `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
}

const parse = (path: string, text: string): unknown => {
  try {
    return path.endsWith('.json') ? JSON.parse(text) : parseToml(text)
  } catch (cause) {
    const kind = path.endsWith('.json') ? 'JSON' : 'TOML'
    throw wrong(path, `is not ${kind}: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
}

const wrong = (path: string, what: string, cause: unknown): EdgeError =>
  new EdgeError('scenario', `The scenario file ${path} ${what}`, {
    remedy: 'See docs/mock-backend.md for what it can contain.',
    exit: EXIT.usage,
    cause,
  })
