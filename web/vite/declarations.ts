import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import type { Plugin } from 'vite'

const id = 'virtual:declarations'

/** Of the package's doors, those that a cell imports from, and their declarations. */
const doors: Readonly<Record<string, string>> = {
  xenograd: '/engine/index.d.ts',
  'xenograd/testing': '/engine/testing/index.d.ts',
}
/** The language itself: what every cell may use. */
const libraries = ['lib.es2023.d.ts']

const relativeImport = /(?:from|import\()\s*['"](\.[^'"]+)['"]/g
const libraryReference = /<reference\s+lib="([^"]+)"/g

/**
 * The declarations that a cell is checked against, as a module: `texts` by path, and the paths of the `doors`. `/engine/…` are the package's, as the build
 * has made them (`npm run build` comes first), `/lib.….d.ts` those of the language.
 */
export function declarations(root: string): Plugin {
  return {
    name: 'xenograd:declarations',
    resolveId: name => (name === id ? `\0${id}` : null),
    load(name) {
      if (name !== `\0${id}`) return null
      return `export const texts = ${JSON.stringify(collect(root))}\nexport const doors = ${JSON.stringify(doors)}`
    },
  }
}

function collect(root: string): Record<string, string> {
  const texts: Record<string, string> = {}
  const dist = join(root, 'dist')
  const addDeclaration = (file: string): void => {
    const path = `/${relative(dist, file)}`
    if (path in texts) return
    texts[path] = readFileSync(file, 'utf8')
    for (const [, name] of texts[path].matchAll(relativeImport))
      addDeclaration(join(dirname(file), name.replace(/\.js$/, '.d.ts')))
  }
  const library = dirname(createRequire(import.meta.url).resolve('typescript5'))
  const addLibrary = (name: string): void => {
    const path = `/${name}`
    if (path in texts) return
    texts[path] = readFileSync(join(library, name), 'utf8')
    for (const [, other] of texts[path].matchAll(libraryReference)) addLibrary(`lib.${other}.d.ts`)
  }
  for (const path of Object.values(doors)) addDeclaration(join(dist, path))
  for (const name of libraries) addLibrary(name)
  return texts
}
