import test from 'tape'
import {
  type EvaluationReads,
  evaluateScores,
  evaluationPage,
  evaluationPlot,
  formatMarkdown,
  formatTable,
  formatTsv,
  meanLoggedAuroc,
  type ScoredReads,
  trainingCurve,
} from '../../../eval/index.js'
import { uniforms } from '../arbitrary.js'

/** Whether every opened element is closed in order, and every number is one. */
function isSound(markup: string): boolean {
  const open: string[] = []
  const text = markup.replace(/<style>[^<]*<\/style>|<!doctype html>|<meta [^>]*>/g, '')
  for (const [, close, name, selfClosing] of text.matchAll(
    /<(\/?)([a-zA-Z][a-zA-Z0-9]*)(?:"[^"]*"|[^>"])*?(\/?)>/g,
  )) {
    if (close) {
      if (open.pop() !== name) return false
    } else if (!selfClosing) open.push(name)
  }
  return open.length === 0 && !/NaN|Infinity|undefined/.test(text)
}

const names = ['likelihood', 'ratio', 'a<b> & "c"|d']

function reads(seed: number, count: number, shift: number, genera: string[]): ScoredReads {
  const series = names.map((name, k) => {
    const values = uniforms(seed + k, count).map((u, i) => (i === 5 && k === 1 ? Number.NaN : u + k * shift))
    return [name, values] as const
  })
  const index = Array.from({ length: count }, (_, i) => i)
  return {
    scores: Object.fromEntries(series),
    gc: uniforms(seed + 9, count),
    length: index.map(i => [100, 250, 1000][i % 3]),
    genus: index.map(i => genera[i % genera.length]),
  }
}

const both: EvaluationReads = {
  inDistribution: reads(1, 400, 0.3, ['Bacillus', 'Yersinia <new>']),
  outOfDistribution: reads(20, 500, 0, ['Vibrio', 'Listeria', 'Brucella']),
}
const evaluation = evaluateScores(both, { replicates: 50, near: ['Vibrio'] })
const curve = trainingCurve('run <1>', [
  { step: 0, loss: 1.4, val_loss: 1.41, auroc: 0.5 },
  { step: 100, loss: 1.3, val_loss: 1.35, auroc: 0.6 },
])
const logged = [meanLoggedAuroc(curve)]

test('report: the table for a terminal', t => {
  const table = formatTable(evaluation, logged)
  const lines = table.split('\n')
  t.equal(lines[0], '399 in-distribution and 499 out-of-distribution reads (2 more without a score)')
  t.match(lines[2], /^ +AUROC +minus likelihood +p$/)
  t.match(lines[3], /^likelihood +0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]$/)
  t.match(lines[4], /^ratio +0\.\d{3} \[0\.\d{3}, 0\.\d{3}\] +\+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\] +\d/)
  t.match(table, /mean batch AUROC \(100 \+ 100\) +batches\nlikelihood +0\.\d{3} \[.*\] +3\n/)
  t.match(table, /\nnear +399 +167 +0\./)
  t.match(table, /\n1000 +132 +165 +0\./)
  t.match(table, /\nrun <1> +0\.550 \[.*\] +2 +0 to 100\n/)
  t.match(table, /95 % intervals over reads: .*50 replicates, seed 1/)
  t.notOk(table.includes('Bacillus'), 'genera are in the other reports')
  t.ok(
    lines
      .slice(
        0,
        lines.findIndex(line => line.startsWith('out-of')),
      )
      .every(line => line.length <= 80),
    'figures of all reads fit 80 columns',
  )
  t.end()
})

test('report: Markdown has all tables, in which no name breaks a cell', t => {
  const markdown = formatMarkdown(evaluation, logged)
  const rows = markdown.split('\n').filter(line => line.startsWith('|'))
  t.ok(rows.every(row => / \|$/.test(row)))
  t.match(markdown, /^\| a\\<b\\> \\& "c"\\\|d \| 0\./m)
  t.match(
    markdown,
    /^### AUROC by genus, against all reads of the other class\n\n\| genus \| in \| ood \| likelihood \|/m,
  )
  t.match(markdown, /^\| Bacillus \(in\) \| 200 \| 499 \| 0\./m)
  t.end()
})

test('report: TSV has every figure with all digits', t => {
  const rows = formatTsv(evaluation, logged)
    .trimEnd()
    .split('\n')
    .map(line => line.split('\t'))
  t.ok(rows.every(row => row.length === 8))
  t.equal(rows[0].join(' '), '#subject metric group value low high reads_in reads_ood')
  const find = (...wanted: string[]) => rows.find(row => wanted.every((cell, i) => row[i] === cell))!
  const { auroc, meanBatchAuroc } = evaluation.scores[1]
  t.deepEqual(find('ratio', 'auroc', 'all').slice(3).map(Number), [
    auroc.value,
    auroc.low,
    auroc.high,
    399,
    499,
  ])
  t.equal(Number(find('ratio', 'mean_batch_auroc', 'all')[3]), meanBatchAuroc.value)
  t.equal(Number(find('ratio-likelihood', 'auroc_difference_p')[3]), evaluation.comparisons[0].p)
  t.deepEqual(find('ratio', 'undefined_in').slice(3, 6), ['1', 'NA', 'NA'])
  const bacillus = evaluation.groups.find(({ group }) => group === 'Bacillus')!
  t.equal(Number(find('ratio', 'auroc', 'genus_in:Bacillus')[3]), bacillus.auroc.ratio.value)
  t.deepEqual(find('run <1>', 'mean_logged_auroc', 'steps:0-100').slice(6), ['NA', 'NA'])
  t.end()
})

test('report: the picture', async t => {
  const options = { title: 'Genera <new> & "old"', unit: 'nats per base' }
  const svg = await evaluationPlot(both, evaluation, options)
  t.ok(isSound(svg))
  t.match(svg, /<title id="plot-title">Genera &#60;new&#62; &#38; &#34;old&#34;<\/title>/)
  t.match(svg, /<desc [^>]*>ROC curves \(likelihood: AUROC 0\.\d{3} \[.*399 in-distribution and 499 out/)
  t.match(svg, />ratio \(nats per base\)</)
  t.equal(svg.match(/aria-label="Histograms of /g)?.length, 3)
  t.equal(svg.match(/aria-label="ROC curves of /g)?.length, 1)
  t.ok(svg.length < 120_000, `${svg.length} characters: a curve is as fine as the picture, not as the data`)
  t.equal(await evaluationPlot(both, evaluation, options), svg, 'the same again')
})

test('report: the picture of any scores is sound', async t => {
  const infinite = [Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY]
  for (const [inside, outside] of [
    [[1], [1]],
    [
      [1, 1],
      [1, 1, 1],
    ],
    [infinite, infinite],
    [[1e300, -1e300], [0]],
  ]) {
    const odd = { inDistribution: { scores: { a: inside } }, outOfDistribution: { scores: { a: outside } } }
    const svg = await evaluationPlot(odd, evaluateScores(odd, { replicates: 0 }), { title: 'odd' })
    t.ok(isSound(svg), `${inside} and ${outside}`)
  }
})

test('report: the page has all charts and tables, and nothing from elsewhere', async t => {
  const page = await evaluationPage(both, evaluation, {
    title: 'T <1>',
    notes: ['model <m>'],
    curves: [curve],
    logged,
  })
  t.ok(isSound(page))
  for (const chart of [
    'ROC curves of',
    'Histograms of ratio',
    'AUROC by genus: ',
    'AUROC by length: ',
    'ratio against GC content',
    'Losses by step',
    'Logged AUROC by step',
  ])
    t.ok(page.includes(`aria-label="${chart}`), chart)
  t.match(page, /<title>T &#60;1&#62;<\/title>/)
  t.match(page, /<p>model &#60;m&#62;<\/p>/)
  t.match(page, /<td>Yersinia &#60;new&#62; \(in\)<\/td>/)
  t.notOk(
    /<script|<b>|<new>|<link|(src|href)=/.test(page),
    'text is text, and no script or file is asked for',
  )
  t.equal(page.match(/https?:\/\/(?!www\.w3\.org)/g), null)
  const plain = { inDistribution: { scores: { a: [1, 2] } }, outOfDistribution: { scores: { a: [0, 1] } } }
  const bare = await evaluationPage(plain, evaluateScores(plain, { replicates: 0 }), { title: 'bare' })
  t.ok(
    isSound(bare) && !bare.includes('by genus') && !bare.includes('Training'),
    'what is not known is not shown',
  )
})

test('report: many scores have room on paper, and can be told in grey', async t => {
  const many = Array.from({ length: 11 }, (_, i) => `score${i}`)
  const readsOf = (seed: number, genus: string[]): ScoredReads => ({
    scores: Object.fromEntries(many.map((name, i) => [name, uniforms(seed + i, genus.length)])),
    genus,
  })
  const eleven = {
    inDistribution: readsOf(1, ['Bacillus', 'Bacillus', 'Yersinia', 'Yersinia']),
    outOfDistribution: readsOf(50, ['Vibrio', 'Vibrio', 'Vibrio']),
  }
  const evaluation = evaluateScores(eleven, { replicates: 0, near: ['Vibrio'] })
  const page = await evaluationPage(eleven, evaluation, { title: 'many' })
  const tables = [...page.matchAll(/<h2>([^<]*)<\/h2>\n<div class="wide"><table><thead>(.*?)<\/thead>/g)].map(
    ([, title, header]) => ({
      title,
      header: [...header.matchAll(/<th>([^<]*)<\/th>/g)].map(([, th]) => th),
    }),
  )
  t.ok(
    tables.every(({ header }) => header.length <= 7),
    'no table is wider than four scores',
  )
  const byGenus = tables.filter(({ title }) => title.startsWith('AUROC by genus'))
  t.deepEqual(
    byGenus.map(({ title }) => title.slice(-8)),
    ['(1 of 3)', '(2 of 3)', '(3 of 3)'],
  )
  t.deepEqual(
    byGenus.flatMap(({ header }) => header.slice(3)),
    many,
    'each score is in one of them',
  )
  t.match(page, /<p>Charts show 8 of 11 scores, the first and the best by AUROC; tables have all\.<\/p>/)
  const roc = /<svg [^>]*aria-label="ROC curves of .*?<\/svg>/s.exec(page)![0]
  const lines = roc.match(/<path [^>]*stroke-width="2.5"[^>]*>|<g [^>]*stroke-width="2.5"[^>]*>/g)!
  const dashes = lines.map(line => /stroke-dasharray="([^"]*)"/.exec(line)?.[1])
  t.equal(new Set(dashes).size, 8, 'eight curves, eight kinds of dashes')

  const headers = formatTable(evaluation)
    .split('\n')
    .filter(line => line.startsWith('out-of-distribution genera'))
  t.ok(headers.length === 3 && headers.every(line => line.length <= 120), 'nor in a terminal')
  const rows = formatMarkdown(evaluation).split('\n')
  t.ok(
    rows.some(row => row.startsWith('| genus |') && row.includes('score0') && row.includes('score10')),
    'in Markdown a table is one',
  )
})

test('report: of several lengths the best scores are those that are best at each', async t => {
  // Eleven scores of noise, and one that tells perfectly at both lengths, but grows with it.
  const names = Array.from({ length: 11 }, (_, i) => `noise${i}`)
  const readsOf = (seed: number, lead: number): ScoredReads => {
    const length = Array.from({ length: 40 }, (_, i) => (i % 2 ? 1000 : 100))
    const noise = names.map(
      (name, i) => [name, uniforms(seed + i, 40).map(u => u + (lead ? 0.3 : 0))] as const,
    )
    return {
      scores: { ...Object.fromEntries(noise), grows: length.map(bases => (lead + 0.5) * bases) },
      length,
    }
  }
  const reads = { inDistribution: readsOf(1, 0.1), outOfDistribution: readsOf(90, 0) }
  const evaluation = evaluateScores(reads, { replicates: 0 })
  t.ok(evaluation.scores.at(-1)!.auroc.value < 0.8, 'in the pool it is no better')
  const page = await evaluationPage(reads, evaluation, { title: 'lengths' })
  t.ok(page.includes('aria-label="Histograms of grows'))
  t.match(page, /8 of 12 scores, the first and the best by AUROC \(mean over lengths\)/)
  t.match(page, /<p>Reads of all lengths count together, but for AUROC by length/)
})
