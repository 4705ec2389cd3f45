import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ConfigInput } from '../../config/inspect-config.ts'
import { asLaunchd } from '../install/as-launchd.ts'
import { binaryOf, type Installed, mainOf } from '../install/read-installed.ts'
import { renderPlist } from '../launchd/render-plist.ts'
import { unescapeXml } from './look-at-service.ts'

/** The plist as this version would write it for what is installed; undefined where it would not write any. */
export const expectedPlist = (
  input: ConfigInput,
  installed: Installed,
  present: string | undefined,
): string | undefined => {
  if (installed.kind === 'none' || installed.manifest === undefined || present === undefined) return undefined
  const { places, args } = asLaunchd(input)
  try {
    return renderPlist(readFileSync(TEMPLATE, 'utf8'), {
      label: places.label,
      binary: binaryOf(places.runtimeDir, installed.manifest),
      program: mainOf(places.runtimeDir),
      args,
      // That of the shell which installed it is as good as ours.
      searchPath: unescapeXml(/<key>PATH<\/key>\s*<string>(.*?)<\/string>/s.exec(present)?.[1] ?? ''),
      folder: dirname(places.runtimeDir),
      launchdLog: places.launchdLogFile,
    })
  } catch {
    return undefined // a package without its template, a path that no plist can hold
  }
}

const TEMPLATE = fileURLToPath(new URL('../../../launchd/com.edge-agent.plist', import.meta.url))
