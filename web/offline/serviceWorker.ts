/**
 * The page's service worker. It keeps all files of the page (the build fills in which, and a version), answers from these,
 * and adds the headers that isolate the page, so that threads may share memory on any host of plain files. What a page
 * began with, it goes on with: a new version takes over when no page is open, or when one asks for it.
 */
const worker = globalThis as unknown as ServiceWorkerGlobalScope

const prefix = 'xenograd-'
const cacheName = `${prefix}__VERSION__`
const files = '__FILES__' as unknown as readonly string[]

const keepAll = async (): Promise<void> => {
  const cache = await caches.open(cacheName)
  // Past the browser's own cache, which may have files of an older version under these names.
  await cache.addAll(files.map(file => new Request(file, { cache: 'reload' })))
}

worker.addEventListener('install', event => event.waitUntil(keepAll()))

const takeOver = async (): Promise<void> => {
  const old = (await caches.keys()).filter(name => name.startsWith(prefix) && name !== cacheName)
  await Promise.all(old.map(name => caches.delete(name)))
  await worker.clients.claim()
}

worker.addEventListener('activate', event => event.waitUntil(takeOver()))

worker.addEventListener('message', ({ data }) => {
  if (data === 'take over') void worker.skipWaiting()
})

/** The same response with the headers that isolate. */
function isolated(response: Response): Response {
  if (response.type === 'opaque' || response.type === 'opaqueredirect' || response.status === 0)
    return response
  const headers = new Headers(response.headers)
  headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp')
  const { status, statusText } = response
  return new Response(response.body, { status, statusText, headers })
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName)
  const kept = await cache.match(request.url.replace(/\/([?#].*)?$/, '/index.html'), { ignoreSearch: true })
  return isolated(kept ?? (await fetch(request)))
}

worker.addEventListener('fetch', event => {
  const { request } = event
  const { origin } = new URL(request.url)
  if (request.method === 'GET' && origin === worker.location.origin) event.respondWith(answer(request))
})
