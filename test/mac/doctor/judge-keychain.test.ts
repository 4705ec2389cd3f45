import { expect, test } from 'vitest'
import type { SecretSource } from '../../../src/config/secret.ts'
import { type FoundSecret, judgeKeychain } from '../../../src/mac/doctor/judge-keychain.ts'
import type { AgentLife } from '../../../src/mac/doctor/look-at-agent.ts'
import { KEYCHAIN_CODES } from '../../../src/mac/macos/keychain.ts'

const ITEM: SecretSource = { kind: 'keychain', service: 'com.edge-agent', account: 'edge_1' }
const DOWN: AgentLife = { kind: 'not-running' }
const FOUND: FoundSecret = { kind: 'found', secret: 'hush' }
const unreadable = (code: string): FoundSecret => ({
  kind: 'unreadable',
  error: { code, message: 'it is so', remedy: 'Do this.' },
})
const running = (...problems: { code: string; message: string; remedy: string; sinceMs: number }[]): AgentLife => ({
  kind: 'running',
  status: {
    agent: { id: 'edge_1', version: '1.0.0', pid: 1, uptimeSeconds: 1 },
    connection: { state: 'open', since: 1 },
    chatDb: { readable: true },
    problems,
    messages: {},
    bubbles: {},
  },
})

test('an item that can be read is well, and never shown; a secret in a file has no such check', () => {
  const [check] = judgeKeychain(ITEM, FOUND, DOWN)
  expect(check).toMatchObject({ code: 'keychain', state: 'ok' })
  expect(JSON.stringify(check)).not.toContain('hush')
  expect(judgeKeychain({ kind: 'file', path: '/secret' }, FOUND, DOWN)).toEqual([])
})

test.each(KEYCHAIN_CODES)('%s fails where no agent runs, with its cure', code => {
  expect(judgeKeychain(ITEM, unreadable(code), DOWN)).toEqual([
    { code: 'keychain', group: 'settings', state: 'failed', seen: expect.stringContaining(code), cure: 'Do this.' },
  ])
})

test('what is closed to this terminal only is no more than a warning, and an item that is gone fails all the same', () => {
  expect(judgeKeychain(ITEM, unreadable('keychain_locked'), running())).toMatchObject([{ state: 'warning' }])
  expect(judgeKeychain(ITEM, unreadable('keychain_no_item'), running())).toMatchObject([{ state: 'failed' }])
})

test('what the agent says of it counts, whatever this terminal can read', () => {
  const problem = { code: 'keychain_refused', message: 'refused', remedy: 'Allow it.', sinceMs: 1 }
  expect(judgeKeychain(ITEM, FOUND, running(problem))).toMatchObject([
    { state: 'failed', seen: expect.stringContaining('the agent'), cure: 'Allow it.' },
  ])
})
