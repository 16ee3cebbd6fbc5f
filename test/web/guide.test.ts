import test from 'tape'
import { addresses } from '../../web/guide/addresses.js'
import { makePages } from '../../web/vite/documents/pages.js'
import { testInChromium } from '../browser/chromium.js'
import { violations } from './accessibility.js'
import { root } from './build.js'
import { titled, withPage } from './page.js'

const { chapters, modules, passages } = makePages(root)

/** HTML of all that the view shows. */
const htmlOf = (entry: (typeof modules)[number]['entries'][number]): string =>
  [entry.html, entry.summary, entry.returns, ...entry.throws, ...entry.members.map(htmlOf)].join('\n')

test('guide: all links lead to what there is', t => {
  const known = new Set(['#score', '#playground', '#guide'])
  for (const { id, html } of chapters) {
    known.add(addresses.chapter(id))
    for (const [, anchor] of html.matchAll(/<h\d id="([^"]+)"/g)) known.add(addresses.chapter(id, anchor))
  }
  for (const { id, entries } of modules) {
    known.add(addresses.module(id))
    for (const { name, members } of entries) {
      known.add(addresses.entry(id, name))
      for (const member of members) known.add(addresses.member(id, name, member.name))
    }
  }
  const texts = [
    ...chapters.map(({ html, summary }) => html + summary),
    ...modules.map(({ html, summary, entries }) => [html, summary, ...entries.map(htmlOf)].join('\n')),
  ]
  const links = texts.flatMap(text => [...text.matchAll(/href="([^"]*)"/g)].map(([, href]) => href))
  const inside = links.filter(href => !/^https?:/.test(href)).map(href => href.replaceAll('&amp;', '&'))
  t.deepEqual(
    inside.filter(href => !known.has(href)),
    [],
    `${inside.length} links`,
  )
  t.deepEqual(
    passages.filter(({ address }) => !known.has(address)),
    [],
    `${passages.length} passages`,
  )
  t.equal(new Set(passages.map(({ address }) => address)).size, passages.length, 'each with its own address')
  t.ok(inside.length > 100, 'most texts have some')
  const own = chapters.filter(chapter => chapter.own)
  t.deepEqual(
    own.flatMap(({ id, html }) => (html.includes('class="file"') ? [id] : [])),
    [],
    'of chapters no dead ones',
  )
  t.end()
})

const samples = [
  'guide',
  'guide?chapter=likelihoodRatios',
  'guide?chapter=firstModel',
  'guide?chapter=guide',
  'guide?module=random',
  'guide?module=xenograd&name=Tensor',
  'guide?module=model&name=Scorer',
]

for (const colorScheme of ['light', 'dark'] as const)
  testInChromium(`guide: accessible (axe-core), ${colorScheme}`, async t => {
    await withPage(t, { colorScheme }, async ({ page, show }) => {
      for (const address of samples) {
        await show(address)
        t.deepEqual(await violations(page), [], address)
      }
      await page.getByRole('combobox').fill('scan')
      await page.getByRole('option').first().waitFor()
      t.deepEqual(await violations(page), [], 'with what a search has found')
    })
  })

testInChromium('guide: chapters, doors and names are shown, each with an address', async t => {
  await withPage(t, {}, async ({ page, show }) => {
    const heading = page.locator('main h1')
    await show('guide')
    for (const { id, title } of chapters) {
      await page
        .locator(`main article a[href="${addresses.chapter(id)}"]`)
        .first()
        .click()
      await heading.filter({ hasText: title }).waitFor()
      await titled(page, `${title} · Guide · Xenograd`)
      await page.goBack()
      await heading.filter({ hasText: 'Guide and reference' }).waitFor()
    }
    for (const { id, name, entries } of modules) {
      await show(`guide?module=${id}`)
      await heading.filter({ hasText: name }).waitFor()
      t.equal(await page.locator('.names dt').count(), entries.length, `${entries.length} names of ${name}`)
    }
    await page.getByRole('link', { name: 'parseSpec' }).click()
    await heading.filter({ hasText: 'parseSpec' }).waitFor()
    t.ok(await page.locator('main .code').first().innerText(), 'a name has its signature')
    await page.getByText('Source: eval/scores/spec.ts').click()
    t.match(await page.locator('.source .code').innerText(), /parseSpec/, 'and its source')
    await show('guide?module=model&name=nosuch')
    await page.getByRole('alert').filter({ hasText: 'xenograd/model has no nosuch.' }).waitFor()
  })
})

testInChromium('guide: an address leads to a section, and into a chapter by keyboard', async t => {
  await withPage(t, {}, async ({ page, show }) => {
    await show('guide?chapter=writeACell&at=why-it-is-fast')
    await page.waitForFunction(() => document.activeElement?.id === 'why-it-is-fast')
    await page.waitForFunction(() => scrollY > 0)
    t.pass('it is scrolled to')
    await page.getByRole('link', { name: 'Look for a mistake' }).click()
    await page.waitForURL(/at=look-for-a-mistake$/)
    await page.getByRole('link', { name: 'Next' }).click()
    await page.locator('main h1').filter({ hasText: 'Add an operation' }).waitFor()
    await page.waitForFunction(() => scrollY === 0)
    t.pass('the next chapter is read from its beginning')
    await page.emulateMedia({ media: 'print' })
    t.notOk(await page.locator('.guide > aside').isVisible(), 'printed without what is around it')
  })
})

testInChromium('guide: the search is used by keyboard', async t => {
  await withPage(t, {}, async ({ page, show }) => {
    await show('guide')
    const box = page.getByRole('combobox')
    const option = page.getByRole('option')
    for (const [query, title] of [
      ['gradients', 'gradients'],
      ['softmax cross entropy', 'softmaxCrossEntropy'],
      ['matmul', 'matmul'],
      ['likelyhood ratio', /likelihood/i], // a slip of the keyboard
    ] as const) {
      await page.locator('main h1').click()
      await page.keyboard.press('/')
      await page.keyboard.type(query)
      await option.first().waitFor()
      t.match(await option.first().locator('strong').innerText(), new RegExp(title), query)
      await page.keyboard.press('Escape')
      t.equal(await box.inputValue(), '', 'Escape empties it')
    }
    await page.keyboard.type('gradients')
    await option.first().waitFor()
    await page.keyboard.press('ArrowDown')
    t.equal(await option.nth(1).getAttribute('aria-selected'), 'true', 'arrows choose')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page
      .locator('main h1')
      .filter({ hasText: /^gradients$/ })
      .waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('qqqqzzzz')
    await page.getByRole('status').filter({ hasText: 'Nothing is called so.' }).waitFor()
  })
})

testInChromium('guide: read on a phone', async t => {
  await withPage(t, { viewport: { width: 390, height: 844 } }, async ({ page, show }) => {
    for (const address of samples) {
      await show(address)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      t.ok(width <= 390, `${address} is ${width} pixels wide`)
    }
    await page.getByText('Contents').click()
    await page.getByRole('navigation', { name: 'Guide' }).getByRole('link', { name: 'Add a device' }).click()
    await page.locator('main h1').filter({ hasText: 'Add a device' }).waitFor()
    await page.getByRole('navigation', { name: 'Guide' }).waitFor({ state: 'hidden' })
    t.pass('the contents close')
  })
})
