import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { EdgeError } from '../../agent/core/errors.ts'
import type { RunTool } from '../macos/run-tool.ts'

/** Writes a plist whole or not at all, with the mode that launchd wants, once plutil (where there is one) is content. */
export const writePlist = async (path: string, content: string, run: RunTool): Promise<void> => {
  // launchd reads what ends in .plist, so this is not loaded by mistake.
  const fresh = `${path}.new`
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  rmSync(fresh, { force: true })
  try {
    writeFileSync(fresh, content, { flag: 'wx' })
    chmodSync(fresh, 0o644) // whatever the umask: launchd refuses others
    const lint = await run('plutil', ['-lint', fresh])
    if (lint.kind === 'exited' && lint.code !== 0) {
      const said = `${lint.stdout}\n${lint.stderr}`.trim().split('\n')[0]
      throw new EdgeError('bad_plist', `plutil rejects the plist: ${said}`, {
        remedy: 'This is a bug in edge-agent. Please report it with this line.',
      })
    }
    renameSync(fresh, path)
  } finally {
    rmSync(fresh, { force: true })
  }
}
