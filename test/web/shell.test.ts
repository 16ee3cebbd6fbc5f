import type { Page } from 'playwright-core'
import { testInChromium } from '../browser/chromium.js'
import { violations } from './accessibility.js'
import { builtPage } from './build.js'
import { titled, viewIds, withPage } from './page.js'

const background = (page: Page): Promise<string> =>
  page.evaluate(() => getComputedStyle(document.body).backgroundColor)

testInChromium('page: the first load is small', async t => {
  const [, kilobytes] = /first load: ([\d.]+) kB compressed/.exec(builtPage().output) ?? []
  t.ok(Number(kilobytes) < 300, `${kilobytes} kB compressed, at most 300`)
})

testInChromium('page: light and dark, as the system has it and as the user chooses', async t => {
  const colours: string[] = []
  for (const colorScheme of ['light', 'dark'] as const)
    await withPage(t, { colorScheme }, async ({ page }) => {
      await page.locator('main h1').waitFor()
      colours.push(await background(page))
      if (colorScheme === 'light') return
      await page.getByRole('button', { name: 'Use light colours' }).click()
      t.equal(await background(page), colours[0], 'a button changes to light')
      await page.reload()
      t.equal(await background(page), colours[0], 'which the next visit begins with')
      await page.getByRole('button', { name: 'Use dark colours' }).waitFor()
    })
  if (colours.length) t.notEqual(colours[0], colours[1], 'the system decides where nobody has chosen')
})

testInChromium('page: by keyboard', async t => {
  await withPage(t, {}, async ({ page }) => {
    await page.locator('main h1').waitFor()
    await page.keyboard.press('Tab')
    t.equal(await page.locator(':focus').innerText(), 'Skip to content', 'what comes first skips the header')
    await page.keyboard.press('Enter')
    t.equal(await page.locator(':focus').getAttribute('id'), 'main')
    const ids = await viewIds(page)
    t.ok(ids.length >= 3, `views ${ids.join(', ')}`)
    // The first one is shown already.
    for (const id of [...ids.slice(1), ids[0]]) {
      const link = page.locator(`header nav a[href="#${id}"]`)
      await link.focus()
      await page.keyboard.press('Enter')
      await page.locator('header nav a[aria-current=page]').and(link).waitFor()
      await page.locator('main h1').waitFor()
      await titled(page, `${await link.innerText()} · Xenograd`)
      t.equal(await page.locator(':focus').getAttribute('id'), 'main', 'and one goes on in it')
    }
  })
})

testInChromium('page: isolated on a host without headers, and offline after the first visit', async t => {
  await withPage(t, {}, async ({ page, server, show }) => {
    t.ok(await page.evaluate(() => crossOriginIsolated), 'the service worker adds the headers')
    t.match(await page.locator('.capabilities').innerText(), /^WebAssembly SIMD · \d+ processors?, threads$/)
    const ids = await viewIds(page)
    server.close()
    await page.goto('about:blank')
    for (const id of ids) {
      await show(id)
      t.ok(await page.locator('main h1').innerText(), `${id} without its host`)
    }
    t.ok(await page.evaluate(() => crossOriginIsolated), 'isolated offline, too')
  })
})

testInChromium('page: a new version is offered, and replaces the old one', async t => {
  await withPage(t, {}, async ({ page, server }) => {
    const [version] = await page.evaluate(() => caches.keys())
    const script = await page.evaluate(async () =>
      (await fetch('./serviceWorker.js', { cache: 'no-store' })).text(),
    )
    server.replace('serviceWorker.js', script.replace(version.replace('xenograd-', ''), 'newer'))
    await page.reload()
    await page.getByText('There is a new version of this page.').waitFor()
    t.ok(await page.locator('main h1').isVisible(), 'the old one goes on meanwhile')
    await page.getByRole('button', { name: 'Load it' }).click()
    await page.waitForFunction(async () => (await caches.keys()).join() === 'xenograd-newer')
    await page.locator('main h1').waitFor()
    t.equal(await page.getByText('There is a new version of this page.').count(), 0)
  })
})

testInChromium('page: accessible (axe-core)', async t => {
  for (const colorScheme of ['light', 'dark'] as const)
    await withPage(t, { colorScheme }, async ({ page, show }) => {
      for (const id of await viewIds(page)) {
        await show(id)
        t.deepEqual(await violations(page), [], `${id}, ${colorScheme}`)
      }
    })
})
