import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

/** The second tier: what takes long. `scripts/test --all` runs it too. */
const SLOW = 'test/**/*.slow.test.ts'
/** What needs a Mac's own tools: `npm run check:mac`. */
const ON_A_MAC = 'test/on-a-mac/**'

// The tests start some thousand processes of node, which share what they compile.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('node_modules/.compile-cache', import.meta.url))

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ON_A_MAC, ...(process.env['SLOW_TESTS'] ? [] : [SLOW])],
    globalSetup: ['test/support/build.ts'],
    // A test waits for conditions, and for none in vain: only one that fails takes that long.
    testTimeout: 240_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    // A file leaves nothing behind in its worker, so the next one can have it: a third of a second for each file.
    isolate: false,
    // Most tests wait for other processes; so does a worker with a file whose tests go one by one.
    maxWorkers: 3,
    maxConcurrency: 4,
  },
})
