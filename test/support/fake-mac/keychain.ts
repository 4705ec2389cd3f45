import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The Keychain of the fake `security` (bin/security) whose folder this is. */
export const keychainIn = (dir: string) => {
  const items = join(dir, 'keychain')
  mkdirSync(items, { recursive: true })
  const itemFile = (service: string, account: string): string => join(items, `${service} ${account}`)
  return {
    /** What each call does from now on: `work`, `hang`, `exit N`, `print TEXT`, or `refuse to add`. */
    act: (what: string): void => writeFileSync(join(dir, 'keychain-act'), what),
    /** The arguments of every call so far. */
    calls: (): string[] => {
      const file = join(dir, 'calls.log')
      const calls = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
      return calls.filter(call => call.startsWith('security '))
    },
    items: (): string[] => readdirSync(items),
    put: (service: string, account: string, stored: string): void =>
      writeFileSync(itemFile(service, account), `${stored}\n`),
    stored: (service: string, account: string): string => readFileSync(itemFile(service, account), 'utf8').trimEnd(),
  }
}
