import { expect, test } from 'vitest'
import { decideInstall, type Wanted } from '../../../src/mac/install/decide-install.ts'
import type { Installed, Manifest } from '../../../src/mac/install/read-installed.ts'

const node = { source: '/node', sha256: 'n1', version: '24.0.0', inPlace: false }
const wanted: Wanted = { digest: 'p1', node, plist: 'plist' }
const manifest: Manifest = {
  version: '1.0.0',
  digest: 'p1',
  node: { kind: 'copied', source: '/node', sha256: 'n1', contentSha256: 'n1', version: '24.0.0' },
}
const whole: Installed = { kind: 'whole', manifest, plist: 'plist' }
const inPlace: Installed = { ...whole, manifest: { ...manifest, node: { ...manifest.node, kind: 'in-place' } } }
const otherNode = { ...wanted, node: { ...node, source: '/node26', sha256: 'n2' } }
const own = { ...wanted, node: { ...node, inPlace: true } }

test.each<[string, Installed, Wanted, boolean, object]>([
  ['nothing there', { kind: 'none' }, wanted, false, { kind: 'install', binary: 'bring' }],
  ['all of it there', whole, wanted, false, { kind: 'nothing' }],
  ['all of it there, and --upgrade', whole, wanted, true, { kind: 'nothing' }],
  ['another program', whole, { ...wanted, digest: 'p2' }, false, { kind: 'ask-for-upgrade', differs: ['the program'] }],
  ['another program, and --upgrade', whole, { ...wanted, digest: 'p2' }, true, { kind: 'upgrade', binary: 'keep' }],
  ['another plist', whole, { ...wanted, plist: 'other' }, false, { kind: 'ask-for-upgrade', differs: ['the plist'] }],
  ['only another node at hand', whole, otherNode, false, { kind: 'nothing' }],
  ['another node, and --upgrade', whole, otherNode, true, { kind: 'upgrade', binary: 'bring' }],
  ['a binary of their own from now on', whole, own, false, { kind: 'ask-for-upgrade', differs: ['the node binary'] }],
  ['a binary of their own, as before', inPlace, own, true, { kind: 'nothing' }],
  [
    'half of it, binary whole',
    { kind: 'broken', why: '', manifest },
    otherNode,
    false,
    { kind: 'repair', binary: 'keep' },
  ],
  [
    'half of it, no binary',
    { kind: 'broken', why: '', manifest: undefined },
    wanted,
    false,
    { kind: 'repair', binary: 'bring' },
  ],
])('%s', (_, installed, wants, upgrade, decision) => {
  expect(decideInstall(installed, wants, upgrade)).toEqual(decision)
})
