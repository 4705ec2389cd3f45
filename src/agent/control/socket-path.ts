import { createHash } from 'node:crypto'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** sun_path holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const MAX_PATH_BYTES = 103

/** Where the running agent of a state folder listens: in that folder, or, where its path is too long, in a private one. */
export const controlSocketPath = (stateDir: string): string => {
  const path = join(stateDir, 'agent.sock')
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path
  const name = createHash('sha256').update(stateDir).digest('hex').slice(0, 16)
  return join(tmpdir(), `edge-agent-${userInfo().uid}`, `${name}.sock`)
}
