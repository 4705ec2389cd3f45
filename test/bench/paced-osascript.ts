import { execFileSync } from 'node:child_process'
import { chmodSync, constants, openSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createArrivals } from './arrivals.ts'
import { clock } from './clock.ts'

/**
 * An osascript that needs some time until it has found its chat and then some until it has sent, cold and warm alike: a
 * shell that tells by a pipe when it has its text and when it has sent. `onSent` hears of each.
 */
export const createPacedOsascript = (
  dir: string,
  { readyMs, sendMs }: { readonly readyMs: number; readonly sendMs: number },
  onSent: (chat: string, text: string) => void,
) => {
  const path = join(dir, 'osascript')
  const pipe = join(dir, 'osascript.pipe')
  const tell = (what: string) => `printf '${what} %s %s\\n' "$6" "$text" > '${pipe}'`
  const script = `#!/bin/sh
[ $# -gt 1 ] || exit 0
echo 'edge-agent phase: resolve' >&2
case $1 in
*/send-warm.applescript)
  sleep ${readyMs / 1000}
  echo 'edge-agent: ready' >&2
  IFS= read -r first; IFS= read -r text; IFS= read -r last
  [ "$first" = "$2" ] && [ "$last" = "$2" ] || exit 1
  ${tell('warm')} ;;
*)
  ${tell('cold')}
  IFS= read -r text < "$7"
  sleep ${readyMs / 1000} ;;
esac
echo 'edge-agent phase: send' >&2
sleep ${sendMs / 1000}
${tell('sent')}
echo 'edge-agent phase: done' >&2
`
  writeFileSync(path, script)
  chmodSync(path, 0o755)
  execFileSync('mkfifo', [pipe])
  // Open for writing as well: the pipe does not end with each writer.
  const reader = new Socket({
    fd: openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  })
  const handed = new Map<string, number>()
  const sends = createArrivals('a text that was sent')
  createInterface({ input: reader }).on('line', line => {
    const at = clock()
    const [, what = '', chat = '', text = ''] = /^(\S+) (\S+) (.*)$/.exec(line) ?? []
    if (what === 'warm') handed.set(text, at)
    if (what !== 'sent') return
    sends.note(text, at)
    onSent(chat, text)
  })
  return {
    path,
    /** When one that stood ready had this text; undefined where it went by another. */
    handedAt: (text: string): number | undefined => handed.get(text),
    /** When this text had been sent. */
    sentAt: sends.of,
    close: (): void => {
      reader.destroy()
    },
  }
}
