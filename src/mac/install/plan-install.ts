import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { shellQuote } from '../../agent/core/shell-quote.ts'
import type { Launchctl } from '../launchd/launchctl.ts'
import { readCodeHash } from '../macos/read-code-hash.ts'
import type { RunTool } from '../macos/run-tool.ts'
import type { Service } from './as-launchd.ts'
import { bringNode, hashFile, keepNode, type NodeOrigin } from './bring-node.ts'
import { copyProgram, PROGRAM_PARTS, type Program } from './copy-program.ts'
import type { Decision, Wanted } from './decide-install.ts'
import type { Package } from './list-packages.ts'
import { appOf, binaryOf, type Installed, MANIFEST, type Manifest, mainOf } from './read-installed.ts'
import { signBinary, signCommand } from './sign-binary.ts'
import { openStaging, stagingOf, swapIn } from './stage-folder.ts'
import type { Tell } from './tell.ts'
import { tryProgram } from './try-program.ts'
import { writePlist } from './write-plist.ts'

/** One thing that an install does: what a person would do instead, and doing it. */
export type Step = {
  readonly title: string
  readonly commands: readonly string[]
  /** A file that it writes. */
  readonly file?: { readonly path: string; readonly content: string }
  readonly run: () => Promise<void>
}

/** What the steps find out on their way. */
export type Outcome = { identity: 'kept' | 'new' | 'changed' }

/** The steps from what is there to what is wanted, in order. Everything is built beside the old and then changes places. */
export const planInstall = (needs: {
  readonly service: Service
  readonly decision: Extract<Decision, { readonly kind: 'install' | 'repair' | 'upgrade' }>
  readonly installed: Installed
  readonly wanted: Wanted
  readonly program: Program
  readonly version: string
  readonly isLoaded: boolean
  readonly launchctl: Launchctl
  readonly run: RunTool
  readonly tell: Tell
  readonly outcome: Outcome
}): readonly Step[] => {
  const { service, decision, installed, wanted, program, version, isLoaded, launchctl, run, tell, outcome } = needs
  const { places } = service
  const { runtimeDir, label, plistFile, logDir } = places
  const staging = stagingOf(runtimeDir)
  const staged = join(staging, 'edge-agent')
  const old = installed.kind === 'none' ? undefined : installed.manifest
  let node: NodeOrigin | undefined

  const keep: Step = {
    title: 'keep the node binary, and with it the permissions that macOS has granted',
    commands: old && old.node.kind !== 'in-place' ? [`ln ${words(binaryOf(runtimeDir, old), staged)}`] : [],
    run: async () => {
      node = old?.node
      if (old !== undefined && old.node.kind !== 'in-place') keepNode(binaryOf(runtimeDir, old), staged)
    },
  }

  const use: Step = {
    title: `use the node binary ${wanted.node.source} in place, with its own signature`,
    commands: [],
    run: async () => {
      const { source, sha256, version: nodeVersion } = wanted.node
      node = { kind: 'in-place', source, sha256, contentSha256: sha256, version: nodeVersion }
      outcome.identity = old === undefined ? 'new' : 'changed'
    },
  }

  const bring: readonly Step[] = [
    {
      title: `copy the node binary${old === undefined ? ', so that upgrading Node does not reset the permissions' : '; macOS will need both permissions again'}`,
      commands: [`cp ${words(wanted.node.source, staged)}`, `${words(staged)} -p process.versions.node`],
      run: async () => {
        const ask = (text: string) => tell({ kind: 'step', text })
        node = await bringNode({ ...wanted.node, to: staged }, { run, tell: ask })
        outcome.identity = old === undefined ? 'new' : 'changed'
        if (old === undefined || old.node.contentSha256 !== node.contentSha256 || old.node.kind === 'in-place') return
        outcome.identity = 'kept'
      },
    },
    {
      title: 'sign it, so that macOS lets it ask to control Messages',
      commands: [`xattr -c ${words(staged)}`, signCommand(staged, entitlementsOf(program.root))],
      run: () => signBinary(staged, entitlementsOf(program.root), { run, tell }),
    },
  ]

  return [
    {
      title: `build beside ${runtimeDir}`,
      commands: [`mkdir -p ${words(staging)}`],
      run: async () => void openStaging(runtimeDir),
    },
    ...(decision.binary === 'keep' ? [keep] : wanted.node.inPlace ? [use] : bring),
    {
      title: `copy the program, version ${version}, with its ${program.packages.length} packages`,
      commands: copyCommands(program, appOf(staging)),
      run: async () => {
        copyProgram(program, appOf(staging))
        if (node === undefined) throw new Error('no node binary was chosen')
        const binary = binaryOf(staging, { node })
        const cdHash = await readCodeHash(binary, run)
        const noted: Manifest = {
          ...{ version, digest: program.digest, node },
          binary: { sha256: await hashFile(binary), ...(cdHash !== undefined && { cdHash }) },
        }
        writeFileSync(join(staging, MANIFEST), `${JSON.stringify(noted, null, 2)}\n`)
        await tryProgram(binaryOf(staging, noted), mainOf(staging), run)
      },
    },
    ...(isLoaded
      ? [
          {
            title: 'stop the service',
            commands: [`launchctl bootout ${launchctl.domain}/${label}`],
            run: () => launchctl.bootout(label),
          },
        ]
      : []),
    {
      title: 'put it in place',
      commands: [`rm -rf ${words(runtimeDir)}`, `mv ${words(staging, runtimeDir)}`],
      run: async () => swapIn(runtimeDir),
    },
    {
      title: 'create the log folder; launchd starts nothing without it',
      commands: [`mkdir -p -m 700 ${words(logDir)}`],
      run: async () => void mkdirSync(logDir, { recursive: true, mode: 0o700 }),
    },
    {
      title: `write ${plistFile}`,
      commands: [`mkdir -p ${words(dirname(plistFile))}`],
      file: { path: plistFile, content: wanted.plist },
      run: () => writePlist(plistFile, wanted.plist, run),
    },
  ]
}

const entitlementsOf = (root: string): string => join(root, 'launchd/entitlements.plist')

const copyCommands = ({ root, packages }: Program, to: string): readonly string[] => {
  const folder = (path: string, { name }: Package): string => path.slice(0, -name.length - 1)
  const groups = Map.groupBy(packages, each =>
    [`tar -C ${words(folder(each.from, each))} -cf -`, `tar -C ${words(join(to, folder(each.to, each)))} -xf -`].join(
      '\0',
    ),
  )
  return [
    `mkdir -p ${words(join(to, 'node_modules'))}`,
    `cp -R ${words(...PROGRAM_PARTS.map(part => join(root, part)))} ${words(to)}`,
    ...[...groups].map(([pipe, found]) => pipe.replace('\0', () => ` ${words(...found.map(({ name }) => name))} | `)),
  ]
}

const words = (...all: readonly string[]): string => all.map(shellQuote).join(' ')
