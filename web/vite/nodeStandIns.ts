import { builtinModules } from 'node:module'
import type { Plugin } from 'vite'

const prefix = '\0stand-in:'

const isIdentifier = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default'

/**
 * Modules of Node's in a page: what they export is there, and says what is wrong when it is called. Doors of the system
 * export functions for files beside those for bytes; a page imports the door and calls the latter, and what it does not
 * call is left out of the bundle.
 */
export function nodeStandIns(): Plugin {
  return {
    name: 'xenograd:node-stand-ins',
    enforce: 'pre',
    resolveId: id =>
      id.startsWith('node:') || builtinModules.includes(id)
        ? { id: `${prefix}${id.replace(/^node:/, '')}`, moduleSideEffects: false }
        : null,
    async load(id) {
      if (!id.startsWith(prefix)) return null
      const name = `node:${id.slice(prefix.length)}`
      const names = Object.keys(await import(name)).filter(isIdentifier)
      const refuse = `const refuse = name => function () { throw new Error(\`\${name} of ${name} is not there in a page\`) }`
      const lines = names.map(key => `export const ${key} = /* @__PURE__ */ refuse('${key}')`)
      return [refuse, ...lines, `export default {${names.join(', ')}}`].join('\n')
    },
  }
}
