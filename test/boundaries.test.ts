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

/** Who may know whom: a folder of src, or of agent, mac and lab; beside those a file of agent. */
const EDGE: Rule = { may: ['agent/core', 'protocol'], packages: /./ }
const MAC = ['mac/install', 'mac/setup', 'mac/doctor', 'mac/report', 'mac/launchd', 'mac/macos']
const LAB = ['lab/mock-backend', 'lab/verify-backend', 'lab/messages-simulator', 'lab/demo', 'lab/protocol-documents']
const RULES: Readonly<Record<string, Rule>> = {
  'main.ts': { may: ['cli'], packages: undefined },
  cli: {
    may: [
      ...[
        'agent/agent.ts',
        'agent/backend',
        'agent/control',
        'agent/core',
        'agent/flows',
        'agent/imessage',
        'agent/log',
      ],
      ...['agent/matching', 'agent/store', 'redact', 'config', 'protocol', ...MAC, ...LAB],
    ],
    packages: /./,
  },
  config: { may: ['agent/core', 'agent/matching', 'mac/macos', 'protocol', 'redact'], packages: /./ },
  protocol: { may: [], packages: /^zod$/ },
  redact: { may: [], packages: undefined },

  // The daemon
  'agent/agent.ts': {
    may: [
      ...[
        'agent/engine.ts',
        'agent/settings.ts',
        'agent/status.ts',
        'agent/control-handlers.ts',
        'agent/failpoints.ts',
      ],
      'agent/redact-long.ts',
      ...['agent/follow-secret.ts', 'agent/node-timers.ts', 'agent/flows', 'agent/core', 'protocol', 'mac/macos'],
      ...['agent/imessage', 'agent/backend', 'agent/store', 'agent/control'],
    ],
    packages: /^node:/,
  },
  'agent/engine.ts': {
    may: ['agent/forwarding.ts', 'agent/guard.ts', 'agent/flows', 'agent/core', 'protocol'],
    types: ['agent/settings.ts', 'agent/store', 'agent/imessage'],
    packages: undefined,
  },
  'agent/forwarding.ts': {
    may: ['agent/flows', 'agent/core', 'agent/matching', 'redact'],
    types: ['agent/settings.ts', 'agent/imessage'],
    packages: undefined,
  },
  'agent/redact-long.ts': { may: [], types: ['redact'], packages: /^node:/ },
  'agent/redaction-worker.ts': { may: ['agent/matching', 'redact'], packages: /^node:/ },
  'agent/guard.ts': {
    may: ['agent/flows', 'agent/core', 'agent/matching'],
    types: ['agent/settings.ts', 'agent/store'],
    packages: undefined,
  },
  'agent/settings.ts': { may: [], types: ['agent/core', 'mac/macos', 'redact'], packages: undefined },
  'agent/status.ts': { may: ['agent/core'], types: ['agent/backend', 'agent/store'], packages: undefined },
  'agent/control-handlers.ts': { may: [], types: ['agent/engine.ts'], packages: /^zod$/ },
  'agent/follow-secret.ts': { may: ['agent/core', 'mac/macos'], packages: undefined },
  'agent/failpoints.ts': { may: [], packages: undefined },
  'agent/node-timers.ts': { may: [], types: ['agent/core'], packages: undefined },
  'agent/core': { may: [], packages: undefined },
  'agent/flows': {
    may: ['agent/core', 'protocol'],
    types: ['agent/store', 'agent/imessage', 'redact'],
    packages: undefined,
  },
  'agent/store': EDGE,
  'agent/imessage': EDGE,
  'agent/backend': EDGE,
  'agent/control': EDGE,
  'agent/log': EDGE,
  'agent/matching': { may: [], packages: /./ },

  // A citizen of the Mac
  'mac/macos': EDGE,
  'mac/launchd': { may: ['agent/core', 'mac/macos'], packages: /./ },
  'mac/install': { may: ['agent/control', 'agent/core', 'config', 'mac/launchd', 'mac/macos'], packages: /./ },
  'mac/setup': {
    may: ['agent/backend', 'agent/control', 'agent/core', 'config', 'mac/macos', 'protocol'],
    packages: /^node:/,
  },
  'mac/doctor': {
    may: ['agent/backend', 'agent/control', 'agent/core', 'config', 'mac/install', 'mac/launchd', 'mac/macos'],
    packages: /./,
  },
  'mac/report': {
    may: ['agent/control', 'agent/core', 'agent/log', 'config', 'mac/doctor', 'mac/macos'],
    packages: /./,
  },

  // Nothing of it runs beside a real Messages
  'lab/mock-backend': { may: ['agent/core', 'lab/protocol-documents', 'protocol'], packages: /./ },
  'lab/verify-backend': { may: ['agent/backend', 'agent/core', 'protocol'], packages: /./ },
  'lab/messages-simulator': { may: ['agent/core', 'agent/imessage'], packages: /./ },
  'lab/demo': { may: ['agent/control', 'agent/core', 'lab/messages-simulator', 'lab/mock-backend'], packages: /./ },
  'lab/protocol-documents': { may: ['protocol'], packages: /^zod$/ },
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

const partOf = (path: string): string => {
  const [first = '', second = ''] = path.split('/')
  return ['agent', 'mac', 'lab'].includes(first) ? `${first}/${second}` : first
}

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
  ['agent/core/a.ts', `import { readFileSync } from 'node:fs'`, 'agent/core/a.ts → node:fs'],
  ['agent/core/a.ts', `import type { X } from '../../protocol/wire.ts'`, 'agent/core/a.ts → protocol'],
  ['protocol/a.ts', `import WebSocket from 'ws'`, 'protocol/a.ts → ws'],
  ['agent/flows/a.ts', `import {\n  openStore,\n} from '../store/open-store.ts'`, 'agent/flows/a.ts → agent/store'],
  ['agent/flows/a.ts', `import { type S, open } from '../store/open-store.ts'`, 'agent/flows/a.ts → agent/store'],
  ['agent/flows/a.ts', `import type { Y } from '../control/y.ts'`, 'agent/flows/a.ts → agent/control'],
  ['agent/store/a.ts', `export { x } from '../imessage/x.ts'`, 'agent/store/a.ts → agent/imessage'],
  ['agent/backend/deep/a.ts', `await import('../../flows/pump.ts')`, 'agent/backend/deep/a.ts → agent/flows'],
  ['agent/agent.ts', `import '../cli/run-cli.ts'`, 'agent/agent.ts → cli'],
  ['agent/engine.ts', `import { openStore } from './store/open-store.ts'`, 'agent/engine.ts → agent/store'],
  ['main.ts', `await import('./agent/agent.ts')`, 'main.ts → agent/agent.ts'],
  ['agent/control/a.ts', `import type { X } from '../../lab/demo/x.ts'`, 'agent/control/a.ts → lab/demo'],
  ['utils/a.ts', '', 'utils/a.ts: src/utils has no rule'],
  ['mac/utils/a.ts', '', 'mac/utils/a.ts: src/mac/utils has no rule'],
])('a wrong arrow is found: %s with %s', (path, text, arrow) => {
  expect(wrongArrows(path, text)).toEqual([arrow])
})

test('of an edge, a flow may import types', () => {
  const text = `import type {\n  Store,\n} from '../store/open-store.ts'`
  expect(wrongArrows('agent/flows/a.ts', text)).toEqual([])
})
