import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

type Rule = {
  /** Other folders and files of src that it may import. */
  readonly may: readonly string[]
  /** Those of which it may import types alone: of an edge, what it needs of its functions. */
  readonly types?: readonly string[]
  /** Packages and node:*. */
  readonly packages: RegExp | undefined
}

/** Who may know whom: a folder or file of src. */
const EDGE = { may: ['core', 'protocol'], packages: /./ }
const RULES: Readonly<Record<string, Rule>> = {
  'main.ts': { may: ['cli'], packages: undefined },
  cli: {
    may: [
      'agent.ts',
      'backend',
      'config',
      'control',
      'core',
      'demo',
      'doctor',
      'flows',
      'imessage',
      'install',
      'launchd',
    ].concat([
      'log.ts',
      'macos',
      'matching',
      'messages-simulator',
      'mock-backend',
      'protocol',
      'rotating-file.ts',
      'report',
      'setup',
      'store',
      'verify-backend',
    ]),
    packages: /./,
  },
  'agent.ts': {
    may: [
      'agent-control.ts',
      'agent-forwarding.ts',
      'agent-guard.ts',
      'agent-settings.ts',
      'agent-status.ts',
      'engine.ts',
      'node-timers.ts',
      'failpoints.ts',
      'follow-secret.ts',
      'flows',
      'imessage',
      'backend',
      'store',
      'control',
    ].concat(['macos', 'matching', 'core', 'protocol']),
    packages: /./,
  },
  'agent-settings.ts': { may: ['core', 'macos'], packages: undefined },
  'engine.ts': {
    may: ['agent-forwarding.ts', 'agent-guard.ts', 'flows', 'core', 'protocol'],
    types: ['agent-settings.ts', 'store', 'imessage'],
    packages: undefined,
  },
  'node-timers.ts': { may: ['core'], packages: undefined },
  'agent-control.ts': { may: [], types: ['engine.ts'], packages: /^zod$/ },
  'agent-forwarding.ts': { may: ['agent-settings.ts', 'core', 'flows', 'imessage', 'matching'], packages: undefined },
  'agent-guard.ts': { may: ['agent-settings.ts', 'core', 'flows', 'matching', 'store'], packages: undefined },
  'agent-status.ts': { may: ['backend', 'store', 'core'], packages: undefined },
  'follow-secret.ts': { may: ['macos', 'core'], packages: undefined },
  flows: { may: ['core', 'protocol'], types: ['store', 'imessage'], packages: undefined },
  imessage: EDGE,
  backend: { may: [...EDGE.may, 'within.ts'], packages: /./ },
  store: EDGE,
  control: EDGE,
  macos: EDGE,
  matching: { may: [], packages: /./ },
  launchd: { may: ['core', 'macos'], packages: /./ },
  install: { may: ['config', 'control', 'core', 'launchd', 'macos'], packages: /./ },
  setup: { may: ['backend', 'config', 'control', 'core', 'macos', 'protocol'], packages: /^node:/ },
  doctor: { may: ['backend', 'config', 'control', 'core', 'install', 'launchd', 'macos', 'within.ts'], packages: /./ },
  report: { may: ['config', 'control', 'core', 'doctor', 'macos', 'rotating-file.ts'], packages: /./ },
  config: { may: ['core', 'matching', 'protocol', 'macos'], packages: /./ },
  'log.ts': { may: ['line-writer.ts', 'rotating-file.ts', 'core'], packages: /./ },
  'rotating-file.ts': { may: [], packages: /^node:/ },
  'within.ts': { may: [], packages: undefined },
  'failpoints.ts': { may: [], packages: undefined },
  'line-writer.ts': { may: ['core'], packages: /^node:/ },
  demo: { may: ['control', 'core', 'messages-simulator', 'mock-backend'], packages: /./ },
  'mock-backend': { may: ['protocol', 'protocol-documents', 'core'], packages: /./ },
  'verify-backend': { may: ['backend', 'core', 'protocol'], packages: /./ },
  'messages-simulator': { may: ['imessage', 'core'], packages: /./ },
  protocol: { may: [], packages: /^zod$/ },
  'protocol-documents': { may: ['protocol'], packages: /^zod$/ },
  core: { may: [], packages: undefined },
}

/** The imports of a file that point the wrong way; `path` is relative to src. */
const wrongArrows = (path: string, text: string): string[] => {
  const part = partOf(path)
  const rule = RULES[part]
  if (!rule) return [`${path}: src/${part} has no rule`]
  return importsOf(text).flatMap(({ target, isType }) => {
    const isOurs = target.startsWith('.')
    const to = isOurs ? partOf(join(dirname(path), target)) : target
    const may = isType ? [...rule.may, ...(rule.types ?? [])] : rule.may
    const isFine = isOurs ? to === part || may.includes(to) : rule.packages?.test(target)
    return isFine ? [] : [`${path} → ${to}`]
  })
}

const partOf = (path: string): string => path.split('/')[0] ?? path

/** Static, re-exporting and dynamic imports. */
const importsOf = (text: string): { readonly target: string; readonly isType: boolean }[] =>
  [
    ...text.matchAll(
      /(?:^\s*(?:import|export)\s+(type\s)?[^'";]*?\bfrom\s*|^\s*import\s*|\bimport\(\s*)['"]([^'"\n]+)['"]/gm,
    ),
  ].map(([, type, target = '']) => ({ target, isType: type !== undefined }))

test('every import in src points the way the architecture has it', () => {
  const src = fileURLToPath(new URL('../src', import.meta.url))
  const paths = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(path => path.endsWith('.ts'))
  const arrows = paths.flatMap(path => importsOf(readFileSync(join(src, path), 'utf8')))
  expect(arrows.length).toBeGreaterThan(paths.length)
  expect(paths.flatMap(path => wrongArrows(path, readFileSync(join(src, path), 'utf8')))).toEqual([])
})

test.each([
  ['core/a.ts', `import { readFileSync } from 'node:fs'`, 'core/a.ts → node:fs'],
  ['core/a.ts', `import type { X } from '../protocol/wire.ts'`, 'core/a.ts → protocol'],
  ['protocol/a.ts', `import WebSocket from 'ws'`, 'protocol/a.ts → ws'],
  ['flows/a.ts', `import {\n  openStore,\n} from '../store/open-store.ts'`, 'flows/a.ts → store'],
  ['flows/a.ts', `import { type Store, openStore } from '../store/open-store.ts'`, 'flows/a.ts → store'],
  ['flows/a.ts', `import type { Y } from '../control/y.ts'`, 'flows/a.ts → control'],
  ['store/a.ts', `export { x } from '../imessage/x.ts'`, 'store/a.ts → imessage'],
  ['backend/deep/a.ts', `await import('../../flows/pump.ts')`, 'backend/deep/a.ts → flows'],
  ['agent.ts', `import './cli/run-cli.ts'`, 'agent.ts → cli'],
  ['main.ts', `await import('./agent.ts')`, 'main.ts → agent.ts'],
  ['utils/a.ts', '', 'utils/a.ts: src/utils has no rule'],
])('a wrong arrow is found: %s with %s', (path, text, arrow) => {
  expect(wrongArrows(path, text)).toEqual([arrow])
})

test('of an edge, a flow may import types', () => {
  const text = `import type {\n  Store,\n} from '../store/open-store.ts'`
  expect(wrongArrows('flows/a.ts', text)).toEqual([])
})
