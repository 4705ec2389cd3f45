import { execFileSync } from 'node:child_process'
import { chmodSync, constants, openSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createArrivals } from './arrivals.ts'
import { clock } from './clock.ts'

/**
 * The cheapest osascript there is: a shell that writes its chat and the text in the file of its last argument into a pipe
 * that is read here, and so tells when it started. `onSend` hears of each.
 */
export const createOsascriptStub = (dir: string, onSend: (chat: string, text: string) => void = () => {}) => {
  const path = join(dir, 'osascript')
  const pipe = join(dir, 'osascript.pipe')
  // Called with the script alone it is only asked whether it may control Messages.
  writeFileSync(
    path,
    `#!/bin/sh\n[ $# -gt 1 ] || exit 0\nIFS= read -r text < "$7"\nprintf '%s %s\\n' "$6" "$text" > '${pipe}'\n`,
  )
  chmodSync(path, 0o755)
  execFileSync('mkfifo', [pipe])
  // Open for writing as well: the pipe does not end with each writer.
  const reader = new Socket({
    fd: openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK),
    readable: true,
    writable: false,
  })
  const starts = createArrivals('a started osascript')
  createInterface({ input: reader }).on('line', line => {
    const at = clock()
    const space = line.indexOf(' ')
    const text = line.slice(space + 1)
    starts.note(text, at)
    onSend(line.slice(0, space), text)
  })
  return {
    path,
    /** When the one that was given this text had started. */
    startOf: starts.of,
    close: (): void => {
      reader.destroy()
    },
  }
}
