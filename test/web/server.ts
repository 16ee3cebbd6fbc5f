import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** A host of plain files. */
export type StaticServer = {
  readonly url: string
  /** From now on, a file has this text. */
  replace(file: string, text: string): void
  close(): void
}

/** Serves a folder below a path, without any header beside the type: as the simplest host of static files does. */
export async function serveFolder(folder: string): Promise<StaticServer> {
  const replaced = new Map<string, string>()
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const path = join(folder, normalize(pathname.replace(/^\/page\//, '/').replace(/\/$/, '/index.html')))
    if (!pathname.startsWith('/page/') || !existsSync(path) || !statSync(path).isFile()) {
      response.writeHead(404).end('not found')
      return
    }
    response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream' })
    const text = replaced.get(path)
    if (text === undefined) createReadStream(path).pipe(response)
    else response.end(text)
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/page/`,
    replace: (file, text) => replaced.set(join(folder, file), text),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
