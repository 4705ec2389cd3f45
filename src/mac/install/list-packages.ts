import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { EdgeError } from '../../agent/core/errors.ts'

/** A package that the program needs: where it is, and where it goes below the program's folder. */
export type Package = { readonly name: string; readonly version: string; readonly from: string; readonly to: string }

const manifest = z.object({
  name: z.string().default(''),
  version: z.string().default(''),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
})

/**
 * Every package that the one in `root` needs to run, found as Node finds it: upwards from whoever needs it. So it works
 * in a source tree, after `npm install --global`, and where the packages lie beside ours. Each goes to the top of the
 * new node_modules, or, where another version has that place, below the package that needs it.
 */
export const listPackages = (root: string): readonly Package[] => {
  const placed = new Map<string, Package>()
  const queue = [{ from: realpathSync(root), to: '' }]
  for (const needer of queue) {
    const { dependencies, optionalDependencies } = readManifest(needer.from)
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const from = find(name, needer.from)
      if (from === undefined) {
        if (name in optionalDependencies) continue
        throw new EdgeError('package_missing', `${needer.from} needs the package ${name}, which is not installed`, {
          remedy: 'Reinstall edge-agent, or run npm ci in its source tree.',
        })
      }
      if (wouldFind(name, needer.to, placed)?.from === from) continue
      const top = join('node_modules', name)
      const to = placed.has(top) ? join(needer.to, top) : top
      const found = { name, version: readManifest(from).version, from, to }
      placed.set(to, found)
      queue.push(found)
    }
  }
  return [...placed.values()].sort((a, b) => (a.to < b.to ? -1 : 1))
}

const readManifest = (folder: string) => manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))

const find = (name: string, from: string): string | undefined => {
  const candidate = join(from, 'node_modules', name)
  if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
  return dirname(from) === from ? undefined : find(name, dirname(from))
}

/** The package that Node would take in the new place, as far as it is laid out. */
const wouldFind = (name: string, to: string, placed: ReadonlyMap<string, Package>): Package | undefined => {
  const found = placed.get(join(to, 'node_modules', name))
  if (found !== undefined || to === '') return found
  return wouldFind(name, dirname(to) === '.' ? '' : dirname(to), placed)
}
