import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { listPackages, type Package } from './list-packages.ts'

/** The program as it can be copied: its folder, the packages that it needs, and a digest that tells builds apart. */
export type Program = { readonly root: string; readonly packages: readonly Package[]; readonly digest: string }

/** What of the package's folder is part of the program. */
export const PROGRAM_PARTS = ['dist', 'launchd', 'package.json'] as const

export const readProgram = (root: string): Program => {
  const packages = listPackages(root)
  const hash = createHash('sha256')
  for (const file of PROGRAM_PARTS.flatMap(part => filesOf(root, part))) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  }
  for (const { to, version } of packages) hash.update(`${to}@${version}\0`)
  return { root, packages, digest: hash.digest('hex') }
}

/** Copies it into the folder `to`. Packages come without what is there for compilers, debuggers or other systems. */
export const copyProgram = ({ root, packages }: Program, to: string): void => {
  mkdirSync(to, { recursive: true })
  for (const part of PROGRAM_PARTS) cpSync(join(root, part), join(to, part), COPY)
  for (const each of packages) cpSync(each.from, join(to, each.to), { ...COPY, filter: path => isNeeded(path, each) })
}

const COPY = { recursive: true, dereference: true } as const

const filesOf = (root: string, part: string): string[] => {
  if (part.includes('.')) return [part]
  return readdirSync(join(root, part), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
}

const isNeeded = (path: string, { from }: Package): boolean => {
  const [top, name] = path.slice(from.length + 1).split(sep)
  if (top === 'node_modules') return false // those it needs are listed themselves
  if (/\.([cm]?ts|map)$/.test(path)) return false
  if (top === 'prebuilds' && name !== undefined) return isForHere(name)
  return !(isNative(from) && (top === 'deps' || top === 'src'))
}

const isNative = (folder: string): boolean => existsSync(join(folder, 'binding.gyp'))

/** `darwin-arm64.node`, or a folder `linuxmusl-x64`. */
const isForHere = (name: string): boolean => {
  const [platform = '', arch] = basename(name, '.node').split('-')
  return platform.startsWith(process.platform) && arch === process.arch
}
