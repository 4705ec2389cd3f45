import { expect, test } from 'vitest'
import { judgeNode } from '../../../src/mac/doctor/judge-node.ts'
import type { NodeFacts } from '../../../src/mac/doctor/look-at-node.ts'
import { ended, HANGS, MISSING, said } from './ends.ts'

const INSTALLED: NodeFacts = {
  path: '/Users/ann/Library/Application Support/edge-agent/runtime/edge-agent',
  isOfService: true,
  exists: true,
  version: said('v24.21.0\n'),
  verify: said(''),
  signature: ended(0, 'Identifier=com.edge-agent\nCDHash=aaaa1111\nSignature=adhoc\n'),
  sha256: 'feed01',
  installed: { sha256: 'feed01', cdHash: 'aaaa1111' },
}
const judge = (facts: Partial<NodeFacts>, code: string) =>
  judgeNode({ ...INSTALLED, ...facts }).find(check => check.code === code)

test('the private copy that was installed passes in everything', () => {
  expect(judgeNode(INSTALLED).map(({ state }) => state)).toEqual(['ok', 'ok', 'ok', 'ok'])
})

test.each([
  ['/Users/ann/.nvm/versions/node/v24.1.0/bin/node', 'nvm'],
  ['/opt/homebrew/Cellar/node@24/24.1.0/bin/node', 'Homebrew'],
  ['/opt/homebrew/bin/node', 'Homebrew'],
  ['/Users/ann/.volta/tools/image/node/24.1.0/bin/node', 'volta'],
  ['/Users/ann/.local/state/fnm_multishells/1_2/bin/node', 'fnm'],
  ['/Users/ann/.asdf/installs/nodejs/24.1.0/bin/node', 'asdf'],
  ['/Users/ann/.local/share/mise/installs/node/24/bin/node', 'mise'],
])('a service on %s depends on %s', (path, owner) => {
  expect(judge({ path }, 'node_path')).toMatchObject({ state: 'warning', seen: expect.stringContaining(owner) })
  expect(judge({ path, isOfService: false }, 'node_path')?.state).toBe('ok')
})

test('a node that has gone fails, and nothing more is said of it', () => {
  expect(judgeNode({ ...INSTALLED, exists: false })).toMatchObject([{ code: 'node_path', state: 'failed' }])
})

test.each([
  [said('v20.11.0\n'), 'failed', /too old/],
  [said('v22.19.0\n'), 'ok', /22\.19\.0/],
  [ended(undefined, 'dyld: Library not loaded'), 'failed', /a signal: “dyld/],
  [HANGS, 'failed', /does not finish/],
])('the version is judged: %j', (version, state, seen) => {
  expect(judge({ version }, 'node_version')).toMatchObject({ state, seen: expect.stringMatching(seen) })
})

test.each([
  ['invalid', ended(1, 'edge-agent: a sealed resource is missing or invalid'), 'failed'],
  ['not to be verified', HANGS, 'warning'],
  ['unknown here', MISSING, 'skipped'],
])('a signature that is %s', (_, verify, state) => {
  expect(judge({ verify }, 'node_signature')?.state).toBe(state)
})

test('a binary whose code is another one has lost its permissions, whatever its signature', () => {
  const signature = ended(0, 'CDHash=bbbb2222\nAuthority=Developer ID Application: Node.js Foundation (HX7739G8FX)\n')
  expect(judge({ signature }, 'node_unchanged')).toMatchObject({
    state: 'failed',
    seen: expect.stringContaining('has dropped its permissions'),
    cure: expect.stringContaining('edge-agent install'),
  })
  // Without codesign its content tells.
  expect(judge({ signature: MISSING, sha256: 'beef02' }, 'node_unchanged')?.state).toBe('failed')
  expect(judge({ signature: MISSING }, 'node_unchanged')?.state).toBe('ok')
  expect(judge({ installed: undefined }, 'node_unchanged')?.state).toBe('skipped')
})
