import { defineConfig } from 'vitest/config'

// What relies on macOS, tried with its real tools: `npm run check:mac`. It is no part of the other tests, which run
// anywhere. It sends nothing and needs no permission. None of it has run yet.
export default defineConfig({
  test: {
    include: ['test/on-a-mac/*.test.ts'],
    globalSetup: ['test/on-a-mac/needs-a-mac.ts'],
    // One launchd and one keychain for all of them, and nobody is in a hurry.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['verbose'],
  },
})
