import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Places } from '../../config/places.ts'

const manifest = z.object({
  version: z.string(),
  /** Of the program; see readProgram. */
  digest: z.string(),
  node: z.object({
    kind: z.enum(['copied', 'fetched', 'in-place']),
    source: z.string(),
    sha256: z.string(),
    contentSha256: z.string(),
    version: z.string(),
  }),
  /** The binary as it was put in place: its content, and what codesign calls it. */
  binary: z.object({ sha256: z.string(), cdHash: z.string().optional() }).optional(),
})

/** What an install notes of itself, beside the copies. */
export type Manifest = z.output<typeof manifest>

export const MANIFEST = 'installed.json'

/** What there is of an install. */
export type Installed =
  | { readonly kind: 'none' }
  /** `why`: what is missing or wrong. `manifest`: where the binary is there and can be kept. */
  | { readonly kind: 'broken'; readonly why: string; readonly manifest: Manifest | undefined }
  | { readonly kind: 'whole'; readonly manifest: Manifest; readonly plist: string }

export const readInstalled = ({ runtimeDir, plistFile }: Pick<Places, 'runtimeDir' | 'plistFile'>): Installed => {
  if (!existsSync(runtimeDir) && !existsSync(plistFile)) return { kind: 'none' }
  const noted = readManifest(runtimeDir)
  if (noted === undefined) return { kind: 'broken', why: `${runtimeDir} is incomplete`, manifest: undefined }
  const missing = [binaryOf(runtimeDir, noted), mainOf(runtimeDir), plistFile].find(path => !existsSync(path))
  if (missing !== undefined) {
    const isBinary = missing === binaryOf(runtimeDir, noted)
    return { kind: 'broken', why: `${missing} is missing`, manifest: isBinary ? undefined : noted }
  }
  return { kind: 'whole', manifest: noted, plist: readFileSync(plistFile, 'utf8') }
}

/** What launchd starts. Its name is what a person sees in System Settings. */
export const binaryOf = (runtimeDir: string, { node }: Pick<Manifest, 'node'>): string =>
  node.kind === 'in-place' ? node.source : join(runtimeDir, 'edge-agent')

export const appOf = (runtimeDir: string): string => join(runtimeDir, 'app')

export const mainOf = (runtimeDir: string): string => join(appOf(runtimeDir), 'dist/main.js')

const readManifest = (runtimeDir: string): Manifest | undefined => {
  try {
    return manifest.parse(JSON.parse(readFileSync(join(runtimeDir, MANIFEST), 'utf8')))
  } catch {
    return undefined
  }
}
