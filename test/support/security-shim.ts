import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const PATH = process.env['PATH']

/**
 * A `security` of our own, in a folder to be put first on PATH: it keeps its items as files and does what it is told.
 * `act` is what each call does from then on: `work`, `hang`, `exit N` (with a word on standard error), or `print TEXT`.
 */
export const createSecurityShim = () => {
  const dir = mkdtempSync(join(tmpdir(), 'edge-security-'))
  const items = join(dir, 'items')
  mkdirSync(items)
  const shim = join(dir, 'security')
  writeFileSync(shim, SHIM)
  chmodSync(shim, 0o755)
  const itemFile = (service: string, account: string): string => join(items, `${service} ${account}`)
  return {
    path: [dir, PATH].join(delimiter),
    act: (what: string): void => writeFileSync(join(dir, 'act'), what),
    /** The arguments of every call so far. */
    calls: (): string[] => {
      const file = join(dir, 'calls')
      return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
    },
    items: (): string[] => readdirSync(items),
    put: (service: string, account: string, stored: string): void =>
      writeFileSync(itemFile(service, account), `${stored}\n`),
    stored: (service: string, account: string): string => readFileSync(itemFile(service, account), 'utf8').trimEnd(),
    remove: (): void => rmSync(dir, { recursive: true, force: true }),
  }
}

const SHIM = `#!/bin/sh
dir=$(dirname "$0")
echo "$*" >> "$dir/calls"
act=$(cat "$dir/act" 2>/dev/null || echo work)
case $act in
  hang) exec sleep 600 ;;
  "exit "*) echo "security: Das geht nicht." >&2; exit "\${act#exit }" ;;
  "print "*) echo "\${act#print }"; exit 0 ;;
esac
interactive=
if [ "$1" = -i ]; then interactive=1; read -r line; eval "set -- $line"; fi
verb=$1; shift
while [ $# -gt 0 ]; do
  case $1 in
    -a) account=$2; shift ;;
    -s) service=$2; shift ;;
    -w) if [ "$verb" = add-generic-password ]; then secret=$2; shift; fi ;;
  esac
  shift
done
item="$dir/items/$service $account"
case $verb in
  add-generic-password)
    if [ "$act" = "refuse to add" ]; then echo "add-generic-password: returned -25308" >&2; exit 0; fi
    printf '%s\\n' "$secret" > "$item" ;;
  find-generic-password)
    [ -e "$item" ] || { echo "security: SecKeychainSearchCopyNext: not found" >&2; exit 44; }
    cat "$item" ;;
  delete-generic-password) [ -e "$item" ] || exit 44; rm "$item" ;;
esac
[ -z "$interactive" ] || exit 0
`
