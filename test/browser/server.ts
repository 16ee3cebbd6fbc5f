import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, extname, join, normalize } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

// dist/test/browser/server.js -> the project's root.
const root = fileURLToPath(new URL('../../../', import.meta.url))
const require = createRequire(import.meta.url)

/** Folder of an installed package. */
const packageFolder = (name: string): string => dirname(require.resolve(`${name}/package.json`))

/** What the engine and its tests import by name, and where a page finds it. */
const importMap = {
  imports: {
    ndarray: '/commonjs/ndarray',
    'fast-check': '/packages/fast-check/lib/fast-check.js',
    'pure-rand/': '/packages/pure-rand/lib/esm/',
  },
}

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.map': 'application/json',
}

/** A CommonJS package with those that it needs, as one ES module. */
async function moduleOf(name: string): Promise<string> {
  const modules = new Map<string, string>()
  const visit = async (path: string): Promise<void> => {
    if (modules.has(path)) return
    const source = await readFile(path, 'utf8')
    const requireThere = createRequire(pathToFileURL(path))
    const names = [...source.matchAll(/\brequire\(["']([^"']+)["']\)/g)].map(match => match[1])
    const paths = names.map(needed => [needed, requireThere.resolve(needed)] as const)
    const table = JSON.stringify(Object.fromEntries(paths))
    modules.set(
      path,
      `(module, exports, from) => { const require = name => from(${table}[name]); ${source}\n}`,
    )
    for (const [, needed] of paths) await visit(needed)
  }
  const main = require.resolve(name)
  await visit(main)
  const functions = [...modules].map(([path, body]) => `${JSON.stringify(path)}: ${body}`)
  return `const modules = {${functions.join(',\n')}}
const made = {}
const from = path => {
  if (!made[path]) modules[path](made[path] = { exports: {} }, made[path].exports, from)
  return made[path].exports
}
export default from(${JSON.stringify(main)})`
}

async function contents(path: string, script: string | undefined): Promise<string> {
  if (path === '/page.html') {
    const before = script ? '<script src="/script.js"></script>' : ''
    return `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify(importMap)}</script>
${before}<script type="module" src="/dist/test/browser/page.js"></script>`
  }
  if (path === '/script.js' && script) return readFile(script, 'utf8')
  const [, kind, name = '', ...rest] = normalize(path).split('/')
  if (kind === 'commonjs' && name === 'ndarray') return moduleOf(name)
  if (kind === 'dist') return readFile(join(root, kind, name, ...rest), 'utf8')
  if (kind === 'packages' && (name === 'fast-check' || name === 'pure-rand')) {
    const file = join(packageFolder(name), ...rest)
    return readFile(extname(file) ? file : `${file}.js`, 'utf8')
  }
  throw new Error(`there is no ${path}`)
}

/** A server on localhost for one page, and what the page reports. */
export type PageServer = {
  /** Resolves to what the page posts to /result. */
  readonly result: Promise<unknown>
  url(query: string): string
  close(): void
}

/**
 * Serve the page of page.ts with what it imports. `isolated`: cross-origin isolated, so that it may share memory with
 * threads. `script`: a file that is loaded before as a plain script.
 */
export async function servePage(isolated: boolean, script?: string): Promise<PageServer> {
  let tell: (result: unknown) => void
  const result = new Promise<unknown>(resolve => {
    tell = resolve
  })
  const headers = isolated
    ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
    : {}
  const server: Server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    if (request.method === 'POST') {
      let body = ''
      for await (const chunk of request) body += chunk
      response.end()
      tell(JSON.parse(body))
      return
    }
    try {
      const text = await contents(pathname, script)
      const type = pathname.startsWith('/page') ? types['.html'] : (types[extname(pathname)] ?? types['.js'])
      response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, ...headers }).end(text)
    } catch (error) {
      response.writeHead(404).end((error as Error).message)
    }
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    result,
    url: query => `http://127.0.0.1:${port}/page.html?${query}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
