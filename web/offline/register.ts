import { notify } from '../ui/notices.js'

const reloaded = 'reloaded for isolation'

/**
 * Registers the service worker of the page. When it has taken over a page that is not yet isolated, the page is loaded
 * once more: only then its headers are those that isolate it. A new version of the page is offered, not forced.
 */
export function watchServiceWorker(): void {
  const { serviceWorker } = navigator
  if (!serviceWorker) return
  if (serviceWorker.controller) reloadOnce()
  else serviceWorker.addEventListener('controllerchange', reloadOnce, { once: true })
  serviceWorker.register('./serviceWorker.js').then(
    registration => registration.addEventListener('updatefound', () => offerUpdate(registration)),
    (error: Error) => notify('information', `This page will not work offline: ${error.message}`),
  )
}

/** Once in a session: a browser that does not isolate the page even so must not load it for ever. */
function reloadOnce(): void {
  try {
    if (crossOriginIsolated) sessionStorage.removeItem(reloaded)
    if (crossOriginIsolated || sessionStorage.getItem(reloaded)) return
    sessionStorage.setItem(reloaded, 'yes')
  } catch {
    return // without a note of it, once cannot be told from for ever
  }
  location.reload()
}

function offerUpdate({ installing, active }: ServiceWorkerRegistration): void {
  if (!active) return // the first version
  installing?.addEventListener('statechange', () => {
    if (installing.state === 'installed')
      notify('information', 'There is a new version of this page.', {
        label: 'Load it',
        run: () => {
          navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), {
            once: true,
          })
          installing.postMessage('take over')
        },
      })
  })
}
