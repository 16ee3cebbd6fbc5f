import { signal } from '@preact/signals'

/** What the address asks for: `#view?name=value`. */
export type Route = {
  /** Id of a view, if there is one of that name. */
  readonly view: string
  /** What a view keeps in the address, so that a link is all that it shows. */
  readonly parameters: URLSearchParams
}

/** What an address' hash asks for. */
export function parseRoute(hash: string): Route {
  const [view, query = ''] = hash.replace(/^#/, '').split(/\?(.*)/s)
  return { view, parameters: new URLSearchParams(query) }
}

/** What is shown now; follows the address. */
export const route = signal(parseRoute(location.hash))

addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash)
})

/** The address of a view, for links. */
export function addressOf(id: string, parameters: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(parameters).toString()
  return `#${id}${query && `?${query}`}`
}

/** Has the address say what a view shows, without a step in the browser's history and without drawing the view again. */
export function keepInAddress(id: string, parameters: Readonly<Record<string, string>>): void {
  history.replaceState(history.state, '', addressOf(id, parameters))
}
