import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readKeychain, removeKeychain, writeKeychain } from '../../src/mac/macos/keychain.ts'
import { inFolder } from './in-folder.ts'

const ITEM = { service: 'com.edge-agent.check', account: 'edge_1@home' }
const dir = inFolder()
const keychain = join(dir, 'check.keychain-db')
const security = (...args: readonly string[]) => execFileSync('/usr/bin/security', args, { stdio: 'pipe' })

/** The real tool, with one keychain of our own named to it each time: nobody's login keychain is looked at or changed. */
const SHIM = `#!/bin/sh
if [ "$1" = -i ]; then
  sed 's|$| "${keychain}"|' | /usr/bin/security -i
else
  exec /usr/bin/security "$@" '${keychain}'
fi
`

beforeAll(() => {
  security('create-keychain', '-p', 'of-no-use', keychain)
  security('set-keychain-settings', keychain) // it does not lock itself
  mkdirSync(join(dir, 'bin'))
  writeFileSync(join(dir, 'bin/security'), SHIM)
  chmodSync(join(dir, 'bin/security'), 0o755)
  vi.stubEnv('PATH', [join(dir, 'bin'), process.env['PATH']].join(delimiter))
})
afterAll(() => {
  vi.unstubAllEnvs()
  security('delete-keychain', keychain)
})

test.each([
  ['a token', 'sk-Open.Sesame_42=='],
  ['what a shell would take for its own', `a"b'c\\d$e\`f;#`],
  ['what begins like an encoded one', 'base64:xyz'],
  ['a long one', 'x'.repeat(2_000)],
])('%s is stored, replaced, read and removed', async (_, secret) => {
  await expect(readKeychain(ITEM)).rejects.toMatchObject({ code: 'keychain_no_item' })
  await writeKeychain(ITEM, 'the-old-one')
  await writeKeychain(ITEM, secret)
  expect(await readKeychain(ITEM)).toBe(secret)
  expect(await removeKeychain(ITEM)).toBe(true)
  expect(await removeKeychain(ITEM)).toBe(false)
})

test('one that was put there by hand is understood', async () => {
  security('add-generic-password', '-a', ITEM.account, '-s', ITEM.service, '-w', 'by:hand', keychain)
  expect(await readKeychain(ITEM)).toBe('by:hand')
  await removeKeychain(ITEM)
})
