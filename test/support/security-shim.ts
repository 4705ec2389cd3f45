import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keychainIn } from './fake-mac/keychain.ts'

const SCRIPT = fileURLToPath(new URL('fake-mac/bin/security', import.meta.url))
const PATH = process.env['PATH']

/** The fake Mac's `security` alone, in a folder to be put first on PATH. */
export const createSecurityShim = () => {
  const dir = mkdtempSync(join(tmpdir(), 'edge-security-'))
  const shim = join(dir, 'security')
  writeFileSync(shim, `#!/bin/sh\nexport FAKE_MAC='${dir}'\n. '${SCRIPT}'\n`)
  chmodSync(shim, 0o755)
  return {
    ...keychainIn(dir),
    path: [dir, PATH].join(delimiter),
    remove: (): void => rmSync(dir, { recursive: true, force: true }),
  }
}
