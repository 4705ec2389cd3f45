import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import {
  explainBinding,
  explainBubble,
  explainCommand,
  explainPost,
  explainRule,
  explainSkip,
  hasWords,
} from '../../../src/agent/core/explain-reason.ts'
import { neverConnected } from '../../../src/agent/core/never-connected.ts'

const SRC = fileURLToPath(new URL('../../../src', import.meta.url))

/** What the sources give as a reason, wherever a literal stands in such a place. */
const reasonsIn = (folders: readonly string[], patterns: readonly RegExp[]): string[] => {
  const files = folders.flatMap(folder =>
    readdirSync(join(SRC, folder), { encoding: 'utf8' }).map(name => join(SRC, folder, name)),
  )
  const texts = files.filter(path => path.endsWith('.ts')).map(path => readFileSync(path, 'utf8'))
  return [
    ...new Set(
      texts.flatMap(text => patterns.flatMap(pattern => [...text.matchAll(pattern)].map(match => match[1] ?? ''))),
    ),
  ]
}

const anyWords = (reason: string): boolean =>
  [explainSkip, explainRule, explainPost, explainBubble, explainCommand].some(explain =>
    hasWords(reason, explain(reason)),
  )

test('every reason that the sources give has its words', () => {
  const given = reasonsIn(
    ['agent/core', 'agent/flows', 'agent/backend', 'protocol'],
    [
      /\b(?:reason|error|skip|rule): '([a-z][\w.]+)'/g,
      /\b(?:skip|notStarted|invalid|waitForRetry|deadLetter)\(\s*(?:id, )?'([a-z]\w+)'/g,
      /\breturn '((?:text|not|unknown|rate)_\w+)'/g,
      /\b(?:[A-Z]+_UNSENT) = '(\w+)'/g,
      /\b(?:reason|[A-Z_]+_LOST) = .*'([a-z_]{4,})'(?! in)/g,
    ],
  )
  const chosen = reasonsIn(
    ['agent/flows'],
    [/\? '([a-z]+_[a-z_]+)' : undefined/g, /\? undefined : '([a-z]+_[a-z_]+)'/g],
  )
  const reasons = [...given, ...chosen, ...reasonsIn(['agent/store'], [/\breason = '(\w+)'/g])]
  expect(reasons.length).toBeGreaterThan(30)
  expect(reasons.filter(reason => !anyWords(reason))).toEqual([])
})

test.each([
  [explainSkip, 'rule:no shops', 'your rule "no shops" says so'],
  [explainSkip, 'redact:code', 'it contains something that must not leave this Mac: code'],
  [explainRule, 'rule:family', 'your rule "family" decides'],
  [explainPost, 'http_418', 'the backend did not accept it (status 418)'],
  [explainPost, 'http_503', 'the backend failed (status 503)'],
  [explainPost, 'tls_CERT_HAS_EXPIRED', "the backend's certificate was not accepted (CERT_HAS_EXPIRED)"],
  [explainPost, 'network_EPIPE', 'the connection failed (EPIPE)'],
  [explainBubble, 'messages_row_error_22', 'Messages could not deliver it (error 22 in its row)'],
  [explainBubble, 'exit_127', 'osascript ended with code 127'],
  [explainCommand, 'no_row', explainBubble('no_row')],
  // The same word says something else of a message and of a command.
  [explainSkip, 'not_allowed', 'neither its thread nor its sender is in forward.allow'],
  [explainCommand, 'not_allowed', 'its thread is not in send.allow'],
  [explainSkip, 'a_reason_from_the_future', 'a reason from the future'],
  [explainCommand, 'constructor', 'constructor'],
] as const)('in words, %o of %s', (explain, reason, words) => {
  expect(explain(reason)).toBe(words)
})

test('each rule of the tables R and A has its words', () => {
  for (const rule of [
    ...['R1', 'R2', 'R3', 'R3a', 'R3b', 'R4', 'R5', 'R6'],
    ...['A1', 'A1b', 'A2', 'A3', 'A3 mismatch', 'A4'],
  ]) {
    expect(hasWords(rule, explainBinding(rule))).toBe(true)
  }
})

test('only what ends before a word of the request is written has never left this Mac', () => {
  expect(
    ['network_ECONNREFUSED', 'network_ENOTFOUND', 'tls_CERT_HAS_EXPIRED', 'tls_ERR_TLS_CERT_ALTNAME_INVALID'].filter(
      reason => !neverConnected(reason),
    ),
  ).toEqual([])
  expect(
    ['network_ECONNRESET', 'timeout', 'http_401', 'interrupted', 'tls_ERR_SSL_TLSV13_ALERT', 'tls_EPROTO'].filter(
      neverConnected,
    ),
  ).toEqual([])
})
