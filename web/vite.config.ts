import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { defineConfig, type Plugin } from 'vite';

interface Locked {
  packages: Record<string, { version?: string; license?: string; dev?: boolean; optional?: boolean }>;
}

// The notices of everything that is in the page, or in what it bundles: licenses.txt beside index.html.
function licenses(): Plugin {
  return {
    name: 'licenses',
    apply: 'build',
    generateBundle() {
      const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Locked;
      const parts: string[] = [];
      for (const [path, entry] of Object.entries(lock.packages)) {
        if (path === '' || entry.dev || entry.optional) continue;
        const name = path.replace(/^.*node_modules\//, '');
        const file = readdirSync(path).find((found) => /^licen[cs]e/i.test(found));
        const notice = file ? readFileSync(join(path, file), 'utf8').trim() : `License: ${entry.license}`;
        parts.push(`${name} ${entry.version}\n\n${notice}`);
      }
      const data = readFileSync('data/README.md', 'utf8').trim();
      this.emitFile({
        type: 'asset',
        fileName: 'licenses.txt',
        source: [`The page of bikeflow contains the following works of others.\n\n${data}`, ...parts].join(
          `\n\n${'-'.repeat(78)}\n\n`,
        ),
      });
    },
  };
}

export default defineConfig({
  base: './', // so that it may be served under any path
  plugins: [licenses()],
  build: {
    outDir: process.env['BIKEFLOW_PAGE_OUT'] ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0, // no data: address, which the policy for content does not allow
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200, // MapLibre
  },
  server: { proxy: { '/api': process.env['BIKEFLOW_API'] ?? 'http://127.0.0.1:5174' } },
});
