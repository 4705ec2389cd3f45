import { configDefaults, defineConfig } from 'vitest/config'

/** The second tier: what takes long. `scripts/test --all` runs it too. */
const SLOW = 'test/**/*.slow.test.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: process.env['SLOW_TESTS'] ? configDefaults.exclude : [...configDefaults.exclude, SLOW],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
