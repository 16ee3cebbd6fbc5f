import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Test } from 'tape'
import { testUnless } from '../testUnless.js'

/** The browser that tests use: $CHROMIUM, or the first that is in the PATH; undefined if there is none. */
export function findChromium(): string | undefined {
  const { CHROMIUM, PATH = '' } = process.env
  if (CHROMIUM) return CHROMIUM
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const paths = names.flatMap(name => PATH.split(delimiter).map(folder => join(folder, name)))
  return paths.find(path => existsSync(path))
}

/** What is said where there is none. */
export const noChromium = 'no chromium; apt-get install chromium, or set CHROMIUM to its path'

/** A test that needs Chromium; `body` is given the path of it. */
export function testInChromium(name: string, body: (t: Test, chromium: string) => Promise<void>): void {
  const chromium = findChromium()
  testUnless(chromium === undefined ? noChromium : undefined, name, t => body(t, chromium ?? ''))
}

/** Open a page in a headless browser with a profile of its own; `flags` beside the usual ones. */
export function openPage(browser: string, url: string, flags: readonly string[] = []): ChildProcess {
  const profile = mkdtempSync(join(tmpdir(), 'xenograd-chromium-'))
  const quiet = [
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--disable-dev-shm-usage',
  ]
  // Its sandbox does not work for root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const usual = [
    '--headless=new',
    `--user-data-dir=${profile}`,
    '--enable-logging=stderr',
    ...quiet,
    ...sandbox,
  ]
  return spawn(browser, [...usual, ...flags, url], { stdio: ['ignore', 'ignore', 'pipe'] })
}
