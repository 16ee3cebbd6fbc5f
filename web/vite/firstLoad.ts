import { gzipSync } from 'node:zlib'
import type { Plugin, Rolldown } from 'vite'

/** The most bytes, compressed, that a page may take before somebody asks for a view: issue 18, point 4. */
const most = 300_000

/** Prints what the first visit loads: the page, the chunk that it begins with, what that imports, and their styles. */
export function firstLoad(): Plugin {
  return {
    name: 'xenograd:first-load',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const files = filesAtFirst(bundle)
        const bytes = files.reduce((sum, file) => sum + compressed(bundle[file]), 0)
        const all = Object.values(bundle).reduce((sum, file) => sum + compressed(file), 0)
        console.log(
          `first load: ${kilobytes(bytes)} compressed, of ${kilobytes(all)} in all: ${files.join(', ')}`,
        )
        if (bytes > most)
          this.error(
            `the first load is larger than ${kilobytes(most)}: import lazily what no first view needs`,
          )
      },
    },
  }
}

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`

const compressed = (file: Rolldown.OutputAsset | Rolldown.OutputChunk): number =>
  gzipSync(file.type === 'chunk' ? file.code : file.source).length

function filesAtFirst(bundle: Rolldown.OutputBundle): string[] {
  const files = new Set(['index.html'])
  const add = (name: string): void => {
    const file = bundle[name]
    if (files.has(name) || file?.type !== 'chunk') return
    files.add(name)
    for (const style of file.viteMetadata?.importedCss ?? []) files.add(style)
    for (const imported of file.imports) add(imported)
  }
  for (const file of Object.values(bundle))
    if (file.type === 'chunk' && file.isEntry && file.name === 'main') add(file.fileName)
  return [...files].filter(file => file in bundle)
}
