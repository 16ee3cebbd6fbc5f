// How long somebody waits in the page's playground, on this machine, in Chromium (apt-get install chromium): from opening it
// to the first steps of a training beside the built-in LSTM.
//
//   npm run build && node bench/playground.js [--rounds 3] [--cell gru] [--steps 100] [--hidden 32] [--length 100]

import { parseArgs } from 'node:util'
import { withPage } from '../dist/test/web/page.js'
import { watchConditions } from './conditions.js'

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    cell: { type: 'string', default: 'gru' },
    steps: { type: 'string', default: '100' },
    hidden: { type: 'string', default: '32' },
    length: { type: 'string', default: '100' },
  },
})

const assertions = {
  skip(message) {
    throw new Error(message)
  },
  deepEqual(complaints) {
    for (const complaint of complaints) console.error(complaint)
  },
}

const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]

/** Opens the playground in a tab of its own and trains at once; seconds since it was opened, by what is there then. */
async function visit(context, address) {
  const page = await context.newPage()
  const start = performance.now()
  const seconds = async locator => {
    await locator.waitFor({ timeout: 300_000 })
    return (performance.now() - start) / 1000
  }
  await page.goto(address)
  const editor = await seconds(page.locator('.cm-line').first())
  await page.getByRole('button', { name: 'Train' }).click()
  const clicked = (performance.now() - start) / 1000
  const first = await seconds(page.locator('.comparison'))
  const done = Number(flags.steps)
  await page.waitForFunction(
    done =>
      [...document.querySelectorAll('.comparison tbody td:nth-child(2)')].every(
        shown => Number(shown.textContent) >= done,
      ),
    done,
    { timeout: 300_000 },
  )
  const all = (performance.now() - start) / 1000
  const verdict = await seconds(page.locator('.verdict.sound, .verdict.wrong'))
  await page.close()
  return { editor, clicked, first, all, verdict }
}

const conditions = watchConditions()
const { hidden, length, cell } = flags
const rounds = []
await withPage(assertions, {}, async ({ page, server }) => {
  const settings = new URLSearchParams({
    cell,
    hidden,
    length,
    steps: '300',
    learningRate: '0.01',
    seed: '1',
  })
  for (let round = 0; round < Number(flags.rounds); round++) {
    rounds.push(await visit(page.context(), `${server.url}#playground?${settings}`))
    console.log(
      Object.entries(rounds[round])
        .map(([name, value]) => `${name} ${value.toFixed(1)} s`)
        .join(', '),
    )
  }
})
const of = name => `${median(rounds.map(round => round[name])).toFixed(1)} s`
const { machine, runtime, commit, load, date } = conditions()
console.log(
  `median of ${rounds.length}, after opening: editor ${of('editor')}, training asked for ${of('clicked')}, first step ${of('first')}, ${flags.steps} steps of ${cell} and of the built-in LSTM (H = ${hidden}, T = ${length}) ${of('all')}, verdict on its gradients ${of('verdict')}`,
)
console.log(`${date} UTC, commit ${commit}, ${machine}, ${runtime}, load ${load.toFixed(1)}`)
