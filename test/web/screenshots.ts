import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './build.js'
import { type OpenPage, viewIds, withPage } from './page.js'

// Pictures of every view, to be looked at: out/screenshots/VIEW-LOOK.png.
//
//   npm run web:screenshots [VIEW]     of one view alone

/** How a view can look. */
const looks = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
} as const

/** What is done in a view before it is pictured again, with something in it. */
const uses: Readonly<Record<string, (opened: OpenPage) => Promise<void>>> = {
  async score({ page }) {
    await page.getByRole('button', { name: 'Try it with an example' }).click()
    await page.getByText('done in').waitFor({ timeout: 120_000 })
    await page.locator('.pane tbody button').nth(2).click()
    await page.getByText('nats in all').waitFor({ timeout: 60_000 })
  },
  async playground({ page, show }) {
    await show('playground?cell=gru')
    await page.locator('.verdict.sound').waitFor({ timeout: 120_000 })
    await page.getByRole('button', { name: 'Train' }).click()
    await page.locator('.training .point').nth(5).waitFor({ timeout: 180_000 })
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.locator('.graph [aria-label$="backward"]').click({ position: { x: 9, y: 9 } })
    await page.locator('h1').scrollIntoViewIfNeeded()
  },
  async guide({ page }) {
    await page.keyboard.press('/')
    await page.keyboard.type('gradients')
    await page.getByRole('option').first().waitFor()
  },
}

/** Further addresses of a view, and what their pictures are called. */
const addresses: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  guide: {
    'guide-chapter': 'guide?chapter=likelihoodRatios',
    'guide-cell': 'guide?chapter=writeACell',
    'guide-module': 'guide?module=testing',
    'guide-name': 'guide?module=xenograd&name=gradients',
  },
}

const folder = join(root, 'out/screenshots')
mkdirSync(folder, { recursive: true })
const [only] = process.argv.slice(2)
const collector = {
  deepEqual: (complaints: readonly string[]) => console.error(complaints.join('\n')),
}

for (const [look, options] of Object.entries(looks))
  await withPage(collector, options, async opened => {
    const { page, show } = opened
    const ids = await viewIds(page)
    for (const id of only === undefined ? ids : [only]) {
      const picture = async (name: string): Promise<void> => {
        const path = join(folder, `${name}-${look}.png`)
        await page.screenshot({ path, fullPage: true })
        console.log(path)
      }
      await show(id)
      await picture(id)
      await uses[id]?.(opened)
      if (uses[id]) await picture(`${id}-used`)
      for (const [name, address] of Object.entries(addresses[id] ?? {})) {
        await show(address)
        await picture(name)
      }
    }
  })
