import { codeHashIn } from '../macos/read-code-hash.ts'
import type { ToolEnd } from '../macos/run-tool.ts'
import { type Check, NOT_HERE, verdictsOf } from './check.ts'
import type { NodeFacts } from './look-at-node.ts'
import { quote } from './quote.ts'
import { howItEnded, outputOf, succeeded } from './tool-words.ts'

const { ok, warning, failed, skipped } = verdictsOf('node')

export const judgeNode = (facts: NodeFacts): readonly Check[] => {
  const place = judgePlace(facts)
  if (!facts.exists) return [place]
  return [place, judgeVersion(facts.version), judgeSignature(facts), judgeIdentity(facts)]
}

const INSTALL = 'edge-agent install'
/** What was changed behind its back is not kept. */
const ANEW = 'edge-agent uninstall, then edge-agent install'

const judgePlace = ({ path, isOfService, exists }: NodeFacts): Check => {
  const whose = isOfService ? 'the service uses' : 'this terminal uses'
  if (!exists) return failed('node_path', `${whose} ${path}, which no longer exists`, INSTALL)
  const owner = ownerOf(path)
  if (owner === undefined) return ok('node_path', `${whose} ${path}`)
  const seen = `${whose} the node of ${owner}, ${path}: a node update moves or changes that file`
  return isOfService
    ? warning('node_path', `${seen}, and macOS then drops its permissions`, `${ANEW} (makes its own copy)`)
    : ok('node_path', `${whose} the node of ${owner}, ${path}`)
}

const ownerOf = (path: string): string | undefined => OWNERS.find(([, pattern]) => pattern.test(path))?.[0]

const OWNERS: readonly (readonly [name: string, path: RegExp])[] = [
  ['nvm', /\/\.nvm\/|\/nvm\/versions\//],
  ['Homebrew', /\/Cellar\/|\/homebrew\/|\/usr\/local\/opt\//],
  ['volta', /\/\.volta\//],
  ['fnm', /\/fnm(_multishells)?\/|\/\.fnm\//],
  ['asdf', /\/\.asdf\//],
  ['mise', /\/mise\/installs\//],
  ['n', /\/n\/versions\//],
]

const judgeVersion = (end: ToolEnd): Check => {
  const [, version, major, minor] = /v?((\d+)\.(\d+)\.\d+\S*)/.exec(outputOf(end)) ?? []
  if (!succeeded(end) || version === undefined)
    return failed('node_version', howItEnded('node --version', end), INSTALL)
  const isOld = Number(major) < 22 || (Number(major) === 22 && Number(minor) < 19)
  return isOld
    ? failed(
        'node_version',
        `Node ${version} is too old, 22.19 or newer is needed`,
        `Install a current Node (https://nodejs.org), then: ${INSTALL}`,
      )
    : ok('node_version', `Node ${version}`)
}

const judgeSignature = ({ verify, signature }: NodeFacts): Check => {
  if (verify.kind === 'not-found') return skipped('node_signature', NOT_HERE)
  if (verify.kind === 'timed-out') return warning('node_signature', howItEnded('codesign', verify), 'Run this again.')
  if (!succeeded(verify)) {
    return failed('node_signature', `its signature is invalid: ${howItEnded('codesign', verify)}`, ANEW)
  }
  const shown = outputOf(signature)
  const authority = /^Authority=(.*)$/m.exec(shown)?.[1]
  if (authority !== undefined) return ok('node_signature', `valid, by ${quote(authority)}`)
  return /^Signature=adhoc$/m.test(shown) || /flags=\S*adhoc/.test(shown)
    ? ok('node_signature', 'valid, made on this machine (ad hoc): macOS recognises it by its content only')
    : ok('node_signature', 'valid')
}

/** macOS gives permissions to a binary that it knows by its signature, or, without one of a developer, by its content. */
const judgeIdentity = ({ installed, sha256, signature, path }: NodeFacts): Check => {
  const pairs = [
    [installed?.cdHash, codeHashIn(signature)],
    [installed?.sha256, sha256],
  ] as const
  const [then, now] = pairs.find(([then, now]) => then !== undefined && now !== undefined) ?? []
  if (installed === undefined) return skipped('node_unchanged', 'no installation to compare it with')
  if (then === undefined || now === undefined) return skipped('node_unchanged', 'nothing to compare it with')
  if (then.toLowerCase() === now.toLowerCase()) return ok('node_unchanged', 'unchanged since it was installed')
  return failed(
    'node_unchanged',
    `${path} has changed since it was installed (${short(then)} then, ${short(now)} now): macOS has dropped its permissions`,
    `${ANEW}; it guides you through the permissions, where you have to switch existing entries off and on`,
  )
}

const short = (hash: string): string => hash.slice(0, 6)
