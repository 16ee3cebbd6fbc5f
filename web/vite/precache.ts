import { createHash } from 'node:crypto'
import type { Plugin } from 'vite'

/** Tells the service worker all files of the build, and a version that changes with any of them. */
export function precache(): Plugin {
  return {
    name: 'xenograd:precache',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = bundle['serviceWorker.js']
        if (worker?.type !== 'chunk') return
        const hash = createHash('sha256')
        const files: string[] = []
        for (const [file, output] of Object.entries(bundle).sort(([a], [b]) => (a < b ? -1 : 1))) {
          hash.update(file).update(output.type === 'chunk' ? output.code : output.source)
          if (output !== worker && !file.endsWith('.map')) files.push(file)
        }
        worker.code = worker.code
          .replace('__VERSION__', hash.digest('hex').slice(0, 16))
          .replace(/["'`]__FILES__["'`]/, JSON.stringify(files))
      },
    },
  }
}
