import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { readKeychain, removeKeychain, writeKeychain } from '../../../src/mac/macos/keychain.ts'
import { createSecurityShim } from '../../support/security-shim.ts'

const ITEM = { service: 'com.edge-agent', account: 'edge_1@home' }

let security: ReturnType<typeof createSecurityShim>
beforeEach(() => {
  security = createSecurityShim()
  vi.stubEnv('PATH', security.path)
})
afterEach(() => {
  vi.unstubAllEnvs()
  security.remove()
})

test.each([
  ['a token', 'sk-Open.Sesame_42=='],
  ['what a shell would take for its own', `a"b'c\\d$e\`f;#`],
  ['what begins like an encoded one', 'base64:xyz'],
])('%s is stored, replaced, read and removed, and is never among the arguments', async (_, secret) => {
  await writeKeychain(ITEM, 'the-old-one')
  await writeKeychain(ITEM, secret)
  expect(await readKeychain(ITEM)).toBe(secret)
  expect(security.items()).toEqual(['com.edge-agent edge_1@home'])
  expect(security.calls().join('\n')).not.toContain(secret)
  expect(await removeKeychain(ITEM)).toBe(true)
  expect(await removeKeychain(ITEM)).toBe(false)
})

test('a usual token can be read in Keychain Access, and one that was put there by hand is understood', async () => {
  await writeKeychain(ITEM, 'open-sesame')
  expect(security.stored(ITEM.service, ITEM.account)).toBe('open-sesame')
  security.put(ITEM.service, ITEM.account, 'by:hand')
  expect(await readKeychain(ITEM)).toBe('by:hand')
})

test.each([
  ['exit 44', 'keychain_no_item', /does not exist/],
  ['exit 36', 'keychain_locked', /locked.+Das geht nicht/],
  ['exit 51', 'keychain_refused', /refuses.+ended with 51/],
  ['exit 128', 'keychain_refused', /refuses/],
  ['exit 7', 'keychain_failed', /ended with 7: security: Das geht nicht/],
  ['print ', 'keychain_unusable', /no secret/],
  ['print two words', 'keychain_unusable', /no secret/],
  ['hang', 'keychain_unanswered', /within 0\.3 s/],
])('when security does "%s", that is %s, with a remedy', async (act, code, message) => {
  security.act(act)
  await expect(readKeychain(ITEM, 300)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
    remedy: expect.stringContaining('edge-agent init'),
    exit: 78,
  })
})

test('without the program there is no Keychain', async () => {
  vi.stubEnv('PATH', '/nowhere')
  await expect(readKeychain(ITEM)).rejects.toMatchObject({ code: 'keychain_missing' })
  await expect(writeKeychain(ITEM, 'x')).rejects.toMatchObject({ code: 'keychain_missing' })
})

test('a store that failed is found out although security -i ends with 0', async () => {
  security.act('refuse to add')
  await expect(writeKeychain(ITEM, 'open-sesame')).rejects.toMatchObject({ code: 'keychain_locked' })
  security.put(ITEM.service, ITEM.account, 'the-old-one')
  await expect(writeKeychain(ITEM, 'open-sesame')).rejects.toMatchObject({
    code: 'keychain_failed',
    message: expect.stringContaining('another secret'),
  })
})

test('a secret that does not fit into a line of security is refused, not cut', async () => {
  await expect(writeKeychain(ITEM, 'x'.repeat(4096))).rejects.toMatchObject({ code: 'keychain_unusable' })
  expect(security.calls()).toEqual([])
})
