import { resolve } from 'node:path'
import type { Plugin } from 'vite'

/** Files of the system that only Node can run, and what stands for them in a page; both from the project's root. */
const standIns: Readonly<Record<string, string>> = {
  'data/formats/unpack.ts': 'web/standIns/unpack.ts',
  'model/cellFolder.ts': 'web/standIns/cellFolder.ts',
}

/** Has pages import the stand-ins. */
export function replaced(root: string): Plugin {
  const table = new Map(
    Object.entries(standIns).map(([file, other]) => [resolve(root, file), resolve(root, other)]),
  )
  return {
    name: 'xenograd:replaced',
    enforce: 'pre',
    async resolveId(id, importer, options) {
      if (!importer || !/^\.{1,2}\//.test(id)) return null
      const resolved = await this.resolve(id, importer, { ...options, skipSelf: true })
      return table.get(resolved?.id ?? '') ?? null
    },
  }
}
