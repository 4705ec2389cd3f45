import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { EdgeError } from '../../../src/agent/core/errors.ts'
import { createKeychainSecret } from '../../../src/mac/macos/keychain-secret.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const MINUTE = 60_000

const start = (says: string | EdgeError) => {
  const keychain = { says, reads: 0, refused: false }
  const problems: (string | undefined)[] = []
  const secret = createKeychainSecret({
    read: () => {
      keychain.reads += 1
      if (keychain.says === 'hangs') return new Promise<string>(() => {})
      return keychain.says instanceof EdgeError ? Promise.reject(keychain.says) : Promise.resolve(keychain.says)
    },
    isRefused: () => keychain.refused,
    onProblem: problem => problems.push(problem?.code),
  })
  return { keychain, secret, problems }
}

const LOCKED = new EdgeError('keychain_locked', 'locked')

test('it is read once, and not again as long as the backend takes it', async () => {
  const { keychain, secret } = start('one')
  expect(secret.current()).toBeUndefined()
  await secret.ready
  expect(secret.current()).toBe('one')
  await vi.advanceTimersByTimeAsync(60 * MINUTE)
  expect(keychain.reads).toBe(1)
  secret.stop()
})

test('while the backend refuses it, it is read again once a minute, however often it is asked for', async () => {
  const { keychain, secret } = start('one')
  await secret.ready
  keychain.refused = true
  keychain.says = 'two'
  for (let n = 0; n < 100; n += 1) secret.current()
  expect(secret.current()).toBe('one')
  await vi.advanceTimersByTimeAsync(3 * MINUTE)
  expect(secret.current()).toBe('two')
  expect(keychain.reads).toBe(4)
  secret.stop()
})

test('without one it is asked for every minute; the problem is told, and is over when it is there', async () => {
  const { keychain, secret, problems } = start(LOCKED)
  await secret.ready
  expect(secret.current()).toBeUndefined()
  await vi.advanceTimersByTimeAsync(2 * MINUTE)
  expect(problems).toEqual(['keychain_locked', 'keychain_locked', 'keychain_locked'])
  keychain.says = 'one'
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(secret.current()).toBe('one')
  expect(problems.at(-1)).toBeUndefined()
  secret.stop()
})

test('after a sleep it is read again; a Keychain that is locked then is no problem while the backend takes the old one', async () => {
  const { keychain, secret, problems } = start('one')
  await secret.ready
  keychain.says = LOCKED
  secret.reread()
  await vi.advanceTimersByTimeAsync(0)
  expect(keychain.reads).toBe(2)
  expect(secret.current()).toBe('one')
  expect(problems).toEqual([undefined])
  keychain.refused = true
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(problems.at(-1)).toBe('keychain_locked')
  keychain.refused = false
  await vi.advanceTimersByTimeAsync(MINUTE)
  expect(problems.at(-1)).toBeUndefined()
  secret.stop()
})

test('a reading that hangs is the only one, and a stop does not wait for it', async () => {
  const { keychain, secret } = start('hangs')
  secret.reread()
  await vi.advanceTimersByTimeAsync(3 * MINUTE)
  expect(keychain.reads).toBe(1)
  secret.stop()
  await secret.ready
})
