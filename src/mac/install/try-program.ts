import { EdgeError } from '../../agent/core/errors.ts'
import type { RunTool } from '../macos/run-tool.ts'

/** Throws an EdgeError where the copies do not run together; what is in use is still untouched then. */
export const tryProgram = async (binary: string, main: string, run: RunTool): Promise<void> => {
  for (const args of [
    [main, '--version'],
    // What is native is loaded at its first use.
    ['-e', 'new (require("node:module").createRequire(process.argv[1])("better-sqlite3"))(":memory:")', main],
  ]) {
    const end = await run(binary, args, { timeoutMs: 60_000 })
    if (end.kind === 'exited' && end.code === 0) continue
    const why = end.kind === 'exited' ? end.stderr.trim().split('\n').slice(0, 5).join('\n') : end.kind
    throw new EdgeError('copy_unusable', `the copy of the program does not run: ${why}`, {
      remedy: 'Nothing was replaced. Reinstall edge-agent (npm ci in its source tree) and run this again.',
    })
  }
}
