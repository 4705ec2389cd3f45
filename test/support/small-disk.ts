import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes a folder a disk of its own, of one megabyte. Only root may, and in a container not even root. */
export const mountSmallDisk = (path: string) => {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'small', path], { stdio: 'pipe' })
  const filler = join(path, 'filler')
  return {
    /** To the last byte. */
    fill: (): void => {
      try {
        for (;;) writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    },
    free: (): void => rmSync(filler, { force: true }),
    /** A process may still be in it: it goes when the last one has. */
    unmount: (): void => void spawnSync('umount', ['-l', path]),
  }
}

export const CAN_MOUNT = ((): boolean => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const dir = mkdtempSync(join(tmpdir(), 'edge-'))
  try {
    mountSmallDisk(dir).unmount()
    return true
  } catch {
    return false
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})()
