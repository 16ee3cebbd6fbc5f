import { fileURLToPath } from 'node:url'
import { defineConfig, type PluginOption } from 'vite'
import { declarations } from './vite/declarations.js'
import { documents } from './vite/documents/index.js'
import { firstLoad } from './vite/firstLoad.js'
import { nodeStandIns } from './vite/nodeStandIns.js'
import { precache } from './vite/precache.js'
import { replaced } from './vite/replaced.js'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** What turns the sources of the system into those of a page; workers are bundled with the same. */
const sources = (): PluginOption[] => [replaced(here('..')), nodeStandIns(), declarations(here('..'))]

/** They isolate the page, so that threads may share memory. On other hosts offline/ adds them. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  root: here('.'),
  // Relative addresses: the folder works wherever it is put.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [sources(), documents(here('..')), precache(), firstLoad()],
  worker: { format: 'es', plugins: sources },
  build: {
    outDir: here('../dist-web'),
    emptyOutDir: true,
    target: 'es2022',
    // Assets stay files, which the service worker keeps, and which a policy against data: addresses does not hurt.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { main: here('index.html'), serviceWorker: here('offline/serviceWorker.ts') },
      output: {
        // A service worker rules the folder that it lies in, under one name for ever.
        entryFileNames: ({ name }) =>
          name === 'serviceWorker' ? 'serviceWorker.js' : 'assets/[name]-[hash].js',
      },
    },
  },
  preview: { headers },
})
