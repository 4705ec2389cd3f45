import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { bringNode, hashFile, keepNode, tryNode } from '../../src/mac/install/bring-node.ts'
import { signBinary } from '../../src/mac/install/sign-binary.ts'
import { readCodeHash } from '../../src/mac/macos/read-code-hash.ts'
import { runTool } from '../../src/mac/macos/run-tool.ts'
import { inFolder } from './in-folder.ts'

const ENTITLEMENTS = fileURLToPath(new URL('../../launchd/entitlements.plist', import.meta.url))
const dir = inFolder()
const warnings: string[] = []

/** The copy of node that `install` makes, signed. */
const copyNode = async (name: string): Promise<string> => {
  const to = join(dir, name)
  const source = process.execPath
  await bringNode({ source, sha256: await hashFile(source), to }, { run: runTool, tell: () => {} })
  await signBinary(to, ENTITLEMENTS, { run: runTool, tell: ({ text }) => warnings.push(text) })
  return to
}
const codesign = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync('codesign', args, { encoding: 'utf8' })
  expect({ args, status, stderr }).toMatchObject({ status: 0 })
  return stdout + stderr
}

let binary: string
beforeAll(async () => {
  binary = await copyNode('edge-agent')
})

test('the copy of node runs, signed', async () => {
  expect(await tryNode(binary, runTool)).toMatchObject({ runs: true })
  expect(warnings).toEqual([])
  codesign('--verify', '--strict', binary)
})

test('its signature is ad hoc, without the hardened runtime, and may ask for Apple Events', () => {
  const described = codesign('-d', '-vvv', binary)
  expect(described).toContain('Identifier=com.edge-agent')
  expect(described).toMatch(/flags=\S*\(adhoc\)/)
  expect(codesign('-d', '--entitlements', '-', binary)).toContain('com.apple.security.automation.apple-events')
})

test('macOS knows the same content as the same program, in another place and signed again', async () => {
  const known = await readCodeHash(binary, runTool)
  expect(known).toMatch(/^[0-9a-f]{40}$/)
  keepNode(binary, join(dir, 'kept'))
  expect(await readCodeHash(join(dir, 'kept'), runTool)).toBe(known)
  expect(await readCodeHash(await copyNode('again'), runTool)).toBe(known)
})
