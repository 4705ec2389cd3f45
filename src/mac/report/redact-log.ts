import { KNOWN_EVENTS } from './known-events.ts'
import { word } from './word.ts'

/**
 * The lines of a log without texts, people and secrets. Of a line of JSON only fields that are known pass, and of those only
 * what looks as it should; of any other line only what Node writes of a crash. The rest is counted.
 */
export const redactLog = (lines: readonly string[]): readonly string[] => {
  const kept: string[] = []
  let left = 0
  const count = (): void => {
    if (left > 0) kept.push(`[${left} ${left === 1 ? 'line' : 'lines'} left out]`)
    left = 0
  }
  for (const line of lines) {
    const redacted = redactLine(line)
    if (redacted === undefined) {
      left += line.trim() === '' ? 0 : 1
      continue
    }
    count()
    kept.push(redacted)
  }
  count()
  return kept
}

const redactLine = (line: string): string | undefined => {
  const event = parseObject(line)
  return event === undefined ? redactCrash(line) : JSON.stringify(redactEvent(event))
}

const parseObject = (line: string): Readonly<Record<string, unknown>> | undefined => {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined // a line that was cut off
  }
}

const redactEvent = (event: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(FIELDS).flatMap(([name, pass]) => {
      const value = Object.hasOwn(event, name) ? pass(event[name]) : undefined
      return value === undefined ? [] : [[name, value]]
    }),
  )

type Pass = (value: unknown) => unknown

const time: Pass = value =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/.test(value) ? value : undefined
/** Short of seven digits: none is a number of a person. */
const small: Pass = value => (typeof value === 'number' && Math.abs(value) < 1e7 ? value : undefined)
const flag: Pass = value => (typeof value === 'boolean' ? value : undefined)
const message: Pass = value => {
  if (typeof value !== 'string') return undefined
  return KNOWN_EVENTS.has(value) ? value : `[${value.length} characters]`
}

const FIELDS: Readonly<Record<string, Pass>> = {
  time,
  level: word,
  pid: small,
  msg: message,
  code: word,
  state: word,
  reason: word,
  rule: word,
  generation: small,
  posts: small,
  waitMs: small,
  status: small,
  bubble: small,
  bubbleCount: small,
  tries: small,
  schedule: small,
  lateMs: small,
  bytes: small,
  lost: small,
  reflex: flag,
  resend: flag,
}

/** What Node and launchd write when a program dies, without the words that it died with. */
const redactCrash = (line: string): string | undefined => {
  const frame = /^\s+at (?:async )?(?:([\w.$<>]+(?: \[as \w+\])?) \()?(\S+?):(\d+):(\d+)\)?$/.exec(line)
  if (frame) {
    const [, name = '', place = '', at, column] = frame
    return `    at ${name}${name && ' '}(${shorten(place)}:${at}:${column})`
  }
  const place = /^(node:[\w/]+|file:\/\/\S+|\/\S+):(\d+)$/.exec(line)
  if (place?.[1] !== undefined) return `${shorten(place[1])}:${place[2]}`
  if (/^Node\.js v\d+\.\d+\.\d+$/.test(line)) return line
  const error = /^(?:Uncaught )?([A-Z]\w*Error|Error)(?: \[(\w+)\])?: /.exec(line)
  if (error) return [error[1], ...new Set([...(error[2] ? [error[2]] : []), ...codesIn(line)])].join(' ')
  return undefined
}

/** The program's own file: folders before it may be named after people. */
const shorten = (path: string): string => {
  if (path.startsWith('node:')) return path
  return /(?:dist|src|node_modules)\/(?:@?[\w.-]+\/)*[\w.-]+$/.exec(path)?.[0] ?? '…'
}

const codesIn = (line: string): readonly string[] => line.match(/\b(?:E[A-Z]{3,15}|(?:ERR|SQLITE)_[A-Z_]+)\b/g) ?? []
