import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { findChromium, noChromium } from '../browser/chromium.js'
import { builtPage } from './build.js'
import { type StaticServer, serveFolder } from './server.js'

/** What `withPage` needs of a test. */
type Assertions = {
  deepEqual(actual: readonly string[], expected: readonly string[], message: string): void
}

/** A page in a browser, and the host that it is from. */
export type OpenPage = {
  readonly page: Page
  readonly server: StaticServer
  /** Go to a view: `score`, or `playground?cell=gru`. */
  show(view: string): Promise<void>
}

const flags = [
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-dev-shm-usage',
]

/** The browser that pages are opened in. @throws Error where there is none. */
async function launch(): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === undefined) throw new Error(noChromium)
  return chromium.launch({ executablePath, args: flags, chromiumSandbox: process.getuid?.() !== 0 })
}

/** Waits until a page has its headers from the service worker: it is loaded a second time for that. */
export const isolation = async (page: Page): Promise<void> => {
  await page.waitForFunction(() => globalThis.crossOriginIsolated === true)
  await page.waitForLoadState('load')
}

/**
 * Opens the built page from a host of plain files, and waits until it is isolated (where service workers are not blocked). Afterwards whatever the browser has
 * complained about fails the test: errors in the console, exceptions that nobody caught, files that are missing.
 * `options`: those of Playwright's `newContext`, such as `colorScheme` and `viewport`.
 */
export async function withPage(
  t: Assertions,
  options: BrowserContextOptions,
  body: (opened: OpenPage) => Promise<void>,
): Promise<void> {
  const browser = await launch()
  const server = await serveFolder(builtPage().folder)
  const complaints: string[] = []
  try {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', error => complaints.push(error.stack ?? error.message))
    page.on(
      'response',
      response => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`),
    )
    if (options.serviceWorkers === 'block')
      await page.addInitScript(() =>
        Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: () => undefined }),
      )
    await page.goto(server.url)
    if (options.serviceWorkers !== 'block') await isolation(page)
    await body({
      page,
      server,
      async show(view) {
        await page.goto(`${server.url}#${view}`)
        await page.locator('main h1').waitFor()
      },
    })
    t.deepEqual(complaints, [], 'the browser has nothing to complain about')
  } finally {
    await browser.close()
    server.close()
  }
}

/** Waits until a view has its title: it has it, and the focus, once it is drawn. */
export const titled = async (page: Page, title: string): Promise<void> => {
  await page.waitForFunction(title => document.title === title, title)
}

/** The ids of all views, as the header links to them. */
export const viewIds = (page: Page): Promise<string[]> =>
  page
    .locator('header nav a')
    .evaluateAll(links => links.map(link => (link.getAttribute('href') ?? '').replace(/^#/, '')))
