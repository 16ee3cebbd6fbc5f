import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { testInChromium } from '../browser/chromium.js'
import { scratch, xenograd } from '../cli/support.js'
import { dataFlags } from '../cli/trainingData.js'
import { violations } from './accessibility.js'
import { withPage } from './page.js'

/** A cell's text with another line 9, that of its output. */
const cellWith = (line: string): string => `import { concat, defineCell, type Tensor } from 'xenograd'

export const mine = defineCell({
  name: 'mine',
  parameters: ({ input, hidden }) => ({ kernel: [input + hidden, hidden] }),
  carry: ['h'],
  step: ({ kernel }, { h }, x, dropout) => {
    const all: Tensor = concat([x, h], 1)
    ${line}
    return { carry: { h: out }, out }
  },
})
`
const sound = cellWith('const out = dropout(all.matmul(kernel).tanh())')

/** A link as one is sent: made by zlib, not by the page. */
const linkTo = (text: string): string => `playground?text=${deflateRawSync(text).toString('base64url')}`

/** Replaces the text in the editor, as somebody does who pastes another one. */
async function paste(page: Page, text: string): Promise<void> {
  await page.locator('.cm-content').click()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.insertText(text)
}

/** What the page says of the cell once it knows. */
async function verdict(page: Page): Promise<string> {
  const said = page.locator('.verdict.sound, .verdict.wrong')
  await said.waitFor({ timeout: 90_000 })
  return said.innerText()
}

/** Waits until a cell (0: the user's, 1: the built-in one) has done so many steps. */
const stepsDone = (page: Page, cell: number, steps: number): Promise<unknown> =>
  page.waitForFunction(
    ([cell, steps]) => {
      const shown = document.querySelectorAll('.comparison tbody td:nth-child(2)')[cell]
      return Number(shown?.textContent ?? 0) >= steps
    },
    [cell, steps],
    { timeout: 120_000 },
  )

/** The line numbers that have an error beside them. */
const markedLines = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const heights = (selector: string) =>
      [...document.querySelectorAll(selector)].map(element => ({
        top: Math.round(element.getBoundingClientRect().top),
        text: element.textContent ?? '',
      }))
    const numbers = heights('.cm-lineNumbers .cm-gutterElement')
    return heights('.cm-gutter-lint .cm-gutterElement:has(.cm-lint-marker-error)').map(
      ({ top }) => numbers.find(number => number.top === top)?.text ?? '',
    )
  })

testInChromium('playground: TypeScript completes, explains, and marks errors at their line', async t => {
  await withPage(t, {}, async ({ page, show }) => {
    await show('playground')
    t.match(await verdict(page), /^Gradients agree/, 'the page begins with a sound cell')
    const hovered = page.locator('.cm-line', { hasText: 'export const lstm = defineCell' })
    await hovered.locator('span', { hasText: 'defineCell' }).hover()
    await page.locator('.meaning code').waitFor()
    t.match(await page.locator('.meaning').innerText(), /defineCell[\s\S]*cell/i, 'type and docstring')
    await paste(page, cellWith('const out = all.matmul(kernel).tanhh()'))
    await page.locator('.cm-lint-marker-error').first().waitFor()
    await page.keyboard.press('ControlOrMeta+Shift+M')
    const problems = page.locator('.cm-panel-lint')
    await problems.getByText("Property 'tanhh' does not exist").waitFor()
    // TypeScript may know before the text is run.
    await page.locator('.verdict.wrong').waitFor({ timeout: 60_000 })
    t.match(await verdict(page), /line 9\)\s+all\.matmul\(\.\.\.\)\.tanhh is not a function/)
    t.deepEqual([...new Set(await markedLines(page))], ['9'])
    await paste(page, cellWith('const out = all.').replace(/\n$/, ''))
    await page.locator('.cm-line', { hasText: 'const out = all.' }).click()
    await page.keyboard.press('End')
    await page.keyboard.type('matm')
    await page.locator('.cm-tooltip-autocomplete', { hasText: 'matmul' }).waitFor()
    t.pass('matmul is offered')
    await page.keyboard.type('ul(kernel).tanh()')
    const typed = page.locator('.cm-line', { hasText: 'const out' })
    t.equal((await typed.innerText()).trim(), 'const out = all.matmul(kernel).tanh()', 'fast typing is kept')
    await page.locator('.verdict.sound').waitFor({ timeout: 60_000 })
  })
})

testInChromium(
  'playground: whether gradients are right, and which is not; the kernels of a step',
  async t => {
    await withPage(t, {}, async ({ page, show }) => {
      await show('playground?cell=detached')
      t.match(
        await verdict(page),
        /^A gradient is wrong\s+parameter 'kernel' at \[\d,\d\]: analytic derivative/,
      )
      await page.getByText('The whole report').click()
      t.match(await page.locator('.verdict pre').innerText(), /seed: -?\d+/)
      await paste(page, cellWith("throw new Error('not today')"))
      await page.locator('.verdict', { hasText: 'not today' }).waitFor()
      t.match(await verdict(page), /^A step cannot be compiled \(line 9\)\s+not today/)
      await paste(page, cellWith('const out = ('))
      await page.locator('.verdict', { hasText: 'The text cannot be run' }).waitFor()
      t.match(await verdict(page), /^The text cannot be run\s+this is no JavaScript or TypeScript yet/)
      await page.waitForFunction(() => document.querySelector('.cm-lint-marker-error'))
      t.deepEqual([...new Set(await markedLines(page))], ['10'], 'the editor marks where')
      await paste(page, sound)
      await page.locator('.verdict.sound').waitFor({ timeout: 60_000 })
      const loops = page.locator('.graph [aria-label^="loop 99 steps"]')
      t.deepEqual(await loops.evaluateAll(found => found.map(loop => loop.getAttribute('aria-label'))), [
        'loop 99 steps',
        'loop 99 steps, backward',
      ])
      t.ok((await page.locator('.graph [aria-label="in the loop: product 50×36 by 36×32"]').count()) > 0)
      await loops.first().focus()
      await page.keyboard.press('Enter')
      t.match(await page.locator('.kernel-text').innerText(), /^loop 99\n/)
      t.match(await page.locator('.remarks').innerText(), /What was not fused, and why/)
    })
  },
)

testInChromium(
  'playground: trains beside the built-in LSTM; another learning rate, pause, go on, stop',
  async t => {
    await withPage(t, {}, async ({ page, show }) => {
      await show('playground?cell=gru&hidden=16&length=100&steps=3000')
      await page.getByRole('button', { name: 'Train' }).click()
      await stepsDone(page, 1, 51)
      const [mine, baseline] = await page.locator('.comparison tbody tr').allInnerTexts()
      const row = /^\s*\S.*\t\d+\t(1\.[0-4]\d+)\t0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]\t\d+$/
      t.match(mine, row)
      t.match(baseline, row)
      t.match(baseline, /built-in LSTM/)
      t.equal((await page.locator('.training .point').count()) % 2, 0, 'AUROC of both is drawn')
      await page.getByRole('button', { name: 'Pause' }).click()
      const shown = () => page.locator('.comparison tbody').innerText()
      let before: string
      do {
        before = await shown()
        await page.waitForTimeout(500)
      } while ((await shown()) !== before) // what was under way
      t.notOk(before.includes('\t3000\t'), 'a pause, before the end')
      await page.getByLabel('Learning rate').selectOption('0.03')
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByText('rate 0.03').waitFor()
      t.pass('the chart says where the learning rate was changed')
      t.match(page.url(), /learningRate=0\.03/)
      await page.getByRole('button', { name: 'Stop' }).click()
      await page.getByRole('button', { name: 'Train', disabled: false }).waitFor()
      t.ok(await page.locator('.comparison').isVisible(), 'what was learned stays')
    })
  },
)

testInChromium('playground: a link is an experiment, and its code waits for a word', async t => {
  await withPage(t, { permissions: ['clipboard-read', 'clipboard-write'] }, async ({ page, show }) => {
    const curious = `export const reached = ['fetch', 'caches', 'indexedDB', 'XMLHttpRequest', 'navigator', 'importScripts'].filter(name => name in globalThis)
let nested = 'refused'
try { new Worker('data:text/javascript,') ; nested = 'allowed' } catch {}
throw new Error('reached: ' + reached.join() + ', workers ' + nested)
`
    await show(linkTo(curious))
    await page.getByText('This cell comes from a link').waitFor()
    await page.waitForTimeout(1000)
    t.equal(await page.locator('.verdict.wrong').count(), 0, 'it does not run by itself')
    t.ok(await page.getByRole('button', { name: 'Train', disabled: true }).isVisible())
    await page.getByRole('button', { name: 'Run this cell' }).click()
    t.match(await verdict(page), /reached: , workers refused/, 'it reaches neither network nor storage')
    await show('playground?cell=elman&hidden=16&seed=3')
    await page.locator('.cm-line', { hasText: "name: 'elman'" }).waitFor()
    await paste(page, sound)
    await page.getByLabel('Hidden units').selectOption('64')
    await page.waitForURL(/text=.*hidden=64.*seed=3/)
    await page.getByRole('button', { name: 'Copy link' }).click()
    await page.getByRole('button', { name: 'Link copied' }).waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    await show('score')
    await show('playground')
    t.match(await verdict(page), /^Gradients agree/, 'who comes back finds the last one, which runs')
    const other = await page.context().newPage()
    await other.goto(link)
    await other.getByRole('button', { name: 'Run this cell' }).waitFor()
    const shown = await other.locator('.cm-content').innerText()
    t.equal(shown.replaceAll(/\n+/g, '\n'), sound.replaceAll(/\n+/g, '\n'))
    t.equal(await other.getByLabel('Hidden units').inputValue(), '64')
    t.equal(await other.getByLabel('Seed').inputValue(), '3')
    await show(`${linkTo(sound).slice(0, -9)}`)
    await page.getByText('the cell in this link is damaged or cut off').waitFor()
    await page.locator('.cm-line', { hasText: "name: 'lstm'" }).waitFor()
    t.pass('a link that was cut is told')
  })
})

testInChromium('playground: the downloaded file is one that the command line checks and trains', async t => {
  await withPage(t, {}, async ({ page, show }) => {
    await show(linkTo(sound))
    await page.getByRole('button', { name: 'Run this cell' }).click()
    await verdict(page)
    const coming = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download .js' }).click()
    const download = await coming
    t.equal(download.suggestedFilename(), 'mine.js')
    const folder = scratch()
    const file = join(folder, 'mine.js')
    await download.saveAs(file)
    t.doesNotMatch(readFileSync(file, 'utf8'), /: Tensor/, 'without types')
    const check = await xenograd(['check', '--cell', file])
    t.equal(check.code, 0, check.stderr)
    const sizes = ['--num_steps=2', '--batch_size=4', '--seq_len=40', '--hidden_lstm_size=4', '--val_freq=2']
    const data = await dataFlags(folder, 10)
    const train = await xenograd(['train', '--cell', file, ...data, ...sizes, `--out_dir=${folder}/out`])
    t.equal(train.code, 0, train.stderr)
  })
})

testInChromium('playground: a cell without an end is stopped, and the page goes on', async t => {
  await withPage(t, {}, async ({ page, show }) => {
    await show('playground')
    await verdict(page)
    await paste(page, cellWith('for (;;) {}'))
    await page.locator('.verdict', { hasText: 'no answer within 10 seconds' }).waitFor({ timeout: 60_000 })
    await paste(page, sound)
    await page.locator('.verdict.sound').waitFor({ timeout: 60_000 })
    t.pass('the next text runs')
  })
})

testInChromium('playground: accessible in use (axe-core)', async t => {
  for (const colorScheme of ['light', 'dark'] as const)
    await withPage(t, { colorScheme }, async ({ page, show }) => {
      await show('playground?cell=detached&hidden=8&length=50&steps=100')
      await verdict(page)
      await page.getByRole('button', { name: 'Train' }).click()
      await stepsDone(page, 1, 100)
      await page.locator('.graph [role=button]').first().press('Enter')
      t.deepEqual(await violations(page), [], colorScheme)
    })
})
