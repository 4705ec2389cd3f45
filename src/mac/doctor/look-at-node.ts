import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { within } from '../../agent/backend/within.ts'
import type { RunTool, ToolEnd } from '../macos/run-tool.ts'

/** The node that counts: the one that launchd starts, or this one where there is no service. */
export type NodeFacts = {
  readonly path: string
  readonly isOfService: boolean
  readonly exists: boolean
  readonly version: ToolEnd
  readonly verify: ToolEnd
  readonly signature: ToolEnd
  /** Hexadecimal; undefined where it cannot be read. */
  readonly sha256: string | undefined
  /** What was noted of it when it was installed. */
  readonly installed: InstalledNode | undefined
}

/** Either may be missing: not every system can tell both. */
export type InstalledNode = { readonly sha256?: string | undefined; readonly cdHash?: string | undefined }

export const lookAtNode = async (
  run: RunTool,
  which: { readonly path: string; readonly isOfService: boolean; readonly installed: InstalledNode | undefined },
): Promise<NodeFacts> => {
  const { path } = which
  const [version, verify, signature, sha256] = await Promise.all([
    run(path, ['--version'], LIMIT),
    run('codesign', ['--verify', '--strict', path], LIMIT),
    run('codesign', ['-d', '-vvv', path], LIMIT),
    within(LIMIT.timeoutMs, digest(path), undefined),
  ])
  return { ...which, exists: existsSync(path), version, verify, signature, sha256 }
}

const LIMIT = { timeoutMs: 8_000 }

const digest = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
