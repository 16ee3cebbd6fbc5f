/**
 * The guide and the reference, made when the page is built.
 *
 * `chapters` reads the documents; `reference` reads the public doors of the package: what they export (`exports`), its
 * docstrings, and how it is written (`signature`). `markdown` makes HTML of both, with the colours of code (`highlight`),
 * and `pages` puts them together. The plugin (here) hands them to the page as modules of their own, so that a reader
 * loads what is read and no more.
 */
import type { Plugin } from 'vite'
import { makePages, type Pages } from './pages.js'

const prefix = 'virtual:documents/'

/** Modules `virtual:documents/…` for the page; their types are in web/guide/documents.d.ts. `root`: the project's. */
export function documents(root: string): Plugin {
  let pages: Pages | undefined
  return {
    name: 'xenograd:documents',
    resolveId: id => (id.startsWith(prefix) ? `\0${id}` : null),
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return null
      pages ??= makePages(root)
      for (const file of pages.files) this.addWatchFile(file)
      const [kind, name] = id.slice(prefix.length + 1).split('/')
      return moduleOf(pages, kind, name)
    },
    watchChange() {
      pages = undefined
    },
  }
}

/** Text in a module's code. */
const json = (value: unknown): string => JSON.stringify(value)

function moduleOf(pages: Pages, kind: string, name: string): string {
  switch (kind) {
    case 'contents': {
      const list = (entries: readonly { id: string }[], folder: string): string =>
        entries
          .map(
            entry =>
              `{...${json(entry)}, load: async () => (await import('${prefix}${folder}/${entry.id}')).default}`,
          )
          .join(',\n')
      const { chapters, modules } = pages
      return `export const chapters = [${list(
        chapters.map(({ id, title, summary, own }) => ({ id, title, summary, own })),
        'chapter',
      )}]
export const modules = [${list(
        modules.map(({ id, name, summary, entries }) => ({ id, name, summary, count: entries.length })),
        'module',
      )}]`
    }
    case 'chapter':
      return `export default ${json(pages.chapters.find(({ id }) => id === name)?.html)}`
    case 'module':
      return `export default ${json(pages.modules.find(({ id }) => id === name))}`
    default:
      return `export default ${json(pages.passages)}`
  }
}
