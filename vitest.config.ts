import { configDefaults, defineConfig } from 'vitest/config'

/** The second tier: what takes long. `scripts/test --all` runs it too. */
const SLOW = 'test/**/*.slow.test.ts'
/** What needs a Mac's own tools: `npm run check:mac`. */
const ON_A_MAC = 'test/on-a-mac/**'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ON_A_MAC, ...(process.env['SLOW_TESTS'] ? [] : [SLOW])],
    globalSetup: ['test/support/build.ts'],
    // A test waits for conditions, and for none in vain: only one that fails takes that long.
    testTimeout: 240_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    maxWorkers: 2,
  },
})
