import { defineConfig } from 'vitest/config'

/** `unit` needs Node alone, `browser` Debian's Chromium too; `cyrus` needs Debian's Cyrus packages and runs one file at a time, since each starts a real master; `packages` makes some, and needs `npm` and its registry. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cyrus/**', 'test/browser/**', 'test/packages/**'],
          testTimeout: 30_000,
        },
      },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 90_000, hookTimeout: 120_000 } },
      {
        test: {
          name: 'packages',
          include: ['test/packages/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'cyrus',
          include: ['test/cyrus/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
