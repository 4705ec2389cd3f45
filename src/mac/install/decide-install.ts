import type { NodeOrigin } from './bring-node.ts'
import type { Installed } from './read-installed.ts'

/** What an install would bring. */
export type Wanted = {
  readonly digest: string
  /** The binary to be copied, or to be used as it is. */
  readonly node: Pick<NodeOrigin, 'source' | 'sha256' | 'version'> & { readonly inPlace: boolean }
  readonly plist: string
}

export type Decision =
  | { readonly kind: 'nothing' }
  /** There is another one, whole, and nobody has said that it may be replaced. */
  | { readonly kind: 'ask-for-upgrade'; readonly differs: readonly string[] }
  | {
      readonly kind: 'install' | 'repair' | 'upgrade'
      /** Kept where it can be: macOS grants permissions to this very binary. */
      readonly binary: 'keep' | 'bring'
    }

export const decideInstall = (installed: Installed, wanted: Wanted, upgrade: boolean): Decision => {
  const { node } = wanted
  if (installed.kind === 'none') return { kind: 'install', binary: 'bring' }
  const old = installed.manifest?.node
  const isOtherPlace = node.inPlace ? old?.kind !== 'in-place' || old.source !== node.source : old?.kind === 'in-place'
  // Another node at hand is no reason by itself: that an upgrade of it changes nothing is what the copy is for.
  const isOtherNode = isOtherPlace || (!node.inPlace && upgrade && old?.sha256 !== node.sha256)
  const binary = old === undefined || isOtherNode ? 'bring' : 'keep'
  if (installed.kind === 'broken') return { kind: 'repair', binary }
  const differs = [
    ...(installed.manifest.digest === wanted.digest ? [] : ['the program']),
    ...(isOtherNode ? ['the node binary'] : []),
    ...(installed.plist === wanted.plist ? [] : ['the plist']),
  ]
  if (differs.length === 0) return { kind: 'nothing' }
  return upgrade ? { kind: 'upgrade', binary } : { kind: 'ask-for-upgrade', differs }
}
