import { defineConfig } from 'vitest/config';

// The page in a real browser; what it is pointed at: test/browser.ts.
export default defineConfig({
  test: {
    include: ['test/**/*_test.ts'],
    environment: 'node',
    testTimeout: 240_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
