import { configDefaults, defineConfig } from 'vitest/config'

/** The second tier: what takes long. `scripts/test --all` runs it too. */
const SLOW = 'test/**/*.slow.test.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: process.env['SLOW_TESTS'] ? configDefaults.exclude : [...configDefaults.exclude, SLOW],
    globalSetup: ['test/support/build.ts'],
    // A test waits for conditions, and for none in vain: only one that fails takes that long.
    testTimeout: 240_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 15_000 } },
    maxWorkers: 2,
  },
})
