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
  if (!exists) return failed('node_path', `${whose} ${path}, which is not there any more`, INSTALL)
  const owner = ownerOf(path)
  if (owner === undefined) return ok('node_path', `${whose} ${path}`)
  const seen = `${whose} the node of ${owner}, ${path}: an update of it moves or changes that file`
  return isOfService
    ? warning(
        'node_path',
        `${seen}, and with it go the permissions that macOS gave it`,
        `${ANEW} (makes a copy of its own)`,
      )
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
  if (verify.kind === 'timed-out') return warning('node_signature', howItEnded('codesign', verify), 'Try it again.')
  if (!succeeded(verify)) {
    return failed('node_signature', `its signature is not valid: ${howItEnded('codesign', verify)}`, ANEW)
  }
  const shown = outputOf(signature)
  const authority = /^Authority=(.*)$/m.exec(shown)?.[1]
  if (authority !== undefined) return ok('node_signature', `valid, by ${quote(authority)}`)
  return /^Signature=adhoc$/m.test(shown) || /flags=\S*adhoc/.test(shown)
    ? ok('node_signature', 'valid, made on this machine (ad hoc): macOS knows it by its content alone')
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
  if (then === undefined || now === undefined) return skipped('node_unchanged', 'there is nothing to compare it by')
  if (then.toLowerCase() === now.toLowerCase()) return ok('node_unchanged', 'it is the one that was installed')
  return failed(
    'node_unchanged',
    `${path} is not the one that was installed (${short(then)} then, ${short(now)} now): macOS has forgotten what it was allowed`,
    `${ANEW}; it leads through the permissions, where an entry that is on has to be switched off and on`,
  )
}

const short = (hash: string): string => hash.slice(0, 6)
