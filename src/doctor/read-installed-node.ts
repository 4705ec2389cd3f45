import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { InstalledNode } from './look-at-node.ts'

/** What `install` noted of the binary that launchd starts; undefined where nothing was installed. */
export const readInstalledNode = (runtimeDir: string): InstalledNode | undefined => {
  try {
    return manifest.parse(JSON.parse(readFileSync(join(runtimeDir, 'installed.json'), 'utf8'))).binary
  } catch {
    return undefined
  }
}

const manifest = z.object({
  binary: z.object({ sha256: z.string().optional(), cdHash: z.string().optional() }),
})
