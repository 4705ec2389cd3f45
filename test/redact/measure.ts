import { readFileSync } from 'node:fs'
import { read } from '../../src/redact/reading.ts'
import { REDACT_KINDS, type RedactKind, type RedactRules, redact } from '../../src/redact/redact.ts'

/** Every kind is masked, so that one text shows what of all is found in it. */
export const MASK_ALL: RedactRules = {
  ...(Object.fromEntries(REDACT_KINDS.map(kind => [kind, 'mask'])) as Record<RedactKind, 'mask'>),
  patterns: [],
}
const NO_PEOPLE: RedactRules = { ...MASK_ALL, email: 'off', phone: 'off' }

export type Secret = {
  readonly kind: string
  /** The text without the marks. */
  readonly text: string
  readonly secrets: readonly string[]
  /** What is around the secrets. */
  readonly rest: readonly string[]
}

/** Lines of `kind text with ⟦secrets⟧ in it`; `\n`, `\t` and `\u{…}` as in a program. */
export const readSecrets = (file: URL): Secret[] =>
  lines(file).map(line => {
    const [kind = '', ...words] = line.split(' ')
    const marked = withoutEscapes(words.join(' '))
    const parts = marked.split(/[⟦⟧]/)
    return {
      kind,
      text: parts.join(''),
      secrets: parts.filter((_, i) => i % 2 === 1),
      rest: parts.filter((_, i) => i % 2 === 0),
    }
  })

export const readOrdinary = (file: URL): string[] => lines(file).map(withoutEscapes)

/** What is left of a secret, if anything; or what else was taken away. */
export const judgeSecret = ({
  kind,
  text,
  secrets,
  rest,
}: Secret): { readonly leaks: boolean; readonly spoils: boolean; readonly after: string } => {
  const after = redact(text, kind === 'email' || kind === 'phone' ? MASK_ALL : NO_PEOPLE).text
  const compact = compactOf(after)
  const leaks = secrets.some(secret => {
    const value = compactOf(secret)
    return value.length >= 4 ? compact.includes(value) : after.includes(secret)
  })
  const spoils = rest.some(
    part => part.trim() !== '' && !after.includes(part.trim().replace(/^["“'(<]+|["”')>]+$/g, '')),
  )
  return { leaks, spoils, after }
}

/** False alarms by the defaults, and with every kind on. */
export const judgeOrdinary = (text: string): string | undefined => {
  const { text: after } = redact(text, NO_PEOPLE)
  return after === text ? undefined : after
}

/** Letters and digits as they are read. */
const compactOf = (text: string): string => read(text).plain.replace(/[^\p{L}\p{N}]+/gu, '')

const lines = (file: URL): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(line => line !== '')

const withoutEscapes = (text: string): string =>
  text
    .replace(/\\u\{([0-9a-f]+)\}/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
