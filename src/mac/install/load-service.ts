import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Places } from '../../config/places.ts'
import type { Launchctl, ServiceState } from '../launchd/launchctl.ts'
import { binaryOf, readInstalled } from './read-installed.ts'

/** Loads the service from its plist, and notes which one that was. */
export const loadService = async (places: Places, launchctl: Launchctl): Promise<void> => {
  // Where that is refused, bootstrap says more.
  await launchctl.enable(places.label).catch(() => {})
  await launchctl.bootstrap(places.label, places.plistFile)
  try {
    writeFileSync(noteOf(places), digestOf(places))
  } catch {
    // Without the note the next restart loads it anew, which does no harm.
  }
}

/** Whether launchd goes by the plist that is on the disk now. It reads one only when it loads it. */
export const isAsLoaded = (places: Places, seen: Extract<ServiceState, { readonly kind: 'loaded' }>): boolean => {
  const installed = readInstalled(places)
  if (installed.kind !== 'whole') return false
  if (seen.plist !== undefined && seen.plist !== places.plistFile) return false
  if (seen.program !== undefined && seen.program !== binaryOf(places.runtimeDir, installed.manifest)) return false
  try {
    return readFileSync(noteOf(places), 'utf8') === digestOf(places)
  } catch {
    return false
  }
}

const noteOf = ({ runtimeDir }: Places): string => join(runtimeDir, 'loaded-plist')

const digestOf = ({ plistFile }: Places): string => createHash('sha256').update(readFileSync(plistFile)).digest('hex')
