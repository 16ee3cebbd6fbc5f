// Why `genusLeads` adds two leads: AUROC of the forms that evidence of contexts and of alignments can be joined in.
//
//   npm run build && node bench/leads.js MANIFEST.tsv [--lengths 250,1000,5000] [--per-class 3000,1200,600] [--seed 101]
//
// What is known is fitted on the training parts of the known genera (set ID); fragments are of their validation parts, and
// of those of the others, as many of each genus. "Folds": the mean of the AUROCs of five folds of genera, known and
// unknown, dealt four times. "Chosen": threshold and weight of the alignments by the fragments of the other four folds.
import { parseArgs } from 'node:util'
import { openGenomes, partsCalled, sequencesOf } from '../dist/data/index.js'
import { keyFromSeed, uniformAt } from '../dist/engine/hostRandom.js'
import { auroc, pairedDelong } from '../dist/eval/index.js'
import { fitScores, leadOfGenera, parseSpec } from '../dist/eval/scores/index.js'
import { fragmentsOfClass } from './fragmentsOfClass.js'

const thresholds = [40, 47, 55, 65, 80] // half bits
const defaultThreshold = 55
const relativeWeights = [1 / 4, 1 / 2, 1, 2, 4]
const [folds, deals] = [5, 4]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lengths: { type: 'string', default: '250,1000,5000' },
    'per-class': { type: 'string', default: '3000,1200,600' },
    seed: { type: 'string', default: '101' },
  },
})
const [manifest] = positionals
if (!manifest) {
  process.stderr.write(
    'usage: node bench/leads.js MANIFEST.tsv [--lengths 250,1000,5000] [--per-class 3000,1200,600] [--seed 101]\n',
  )
  process.exit(2)
}
const genomes = await openGenomes(manifest)
const specs = [
  'genusOdds',
  'genusOdds:alignments=0,name=contexts',
  ...thresholds.map(threshold => `genusLeads:threshold=${threshold},name=leads${threshold}`),
]
const fitted = new Map()
for (const score of await fitScores(specs.map(parseSpec), sequencesOf(partsCalled(genomes, 'ID', 'train'))))
  fitted.set(score.name, score)

const { genera: knownGenera } = fitted.get('genusOdds').genusEvidence
/** The lead of the likeliest genus by numbers that `evidence` has for each genus, fragment by fragment. */
const leadBy = (fragments, evidence) =>
  leadOfGenera('lead', { genera: knownGenera, evidence: async () => evidence }).score(fragments)
const sumOf = (...columns) => columns[0].map((_, i) => columns.reduce((sum, column) => sum + column[i], 0))

/** What `genusLeads` adds: the lead by contexts, and that by alignments region by region; and both for each genus, summed. */
async function leadsOf(score, fragments) {
  const numbers = await score.summed.numbers(fragments)
  const count = knownGenera.length
  const ofContexts = numbers.map(each => each.subarray(0, count))
  const ofAlignments = numbers.map(each => each.subarray(count))
  return {
    contexts: await leadBy(fragments, ofContexts),
    alignments: Float64Array.from(ofAlignments, each => Math.max(...each)),
    summedFirst: await leadBy(
      fragments,
      ofContexts.map((each, i) => sumOf(each, ofAlignments[i])),
    ),
  }
}

/** Scores of each form, and of each threshold and weight of `genusLeads`. */
async function scoresOf(fragments) {
  const genusOdds = fitted.get('genusOdds')
  const all = await genusOdds.genusEvidence.evidence(fragments)
  const contexts = await fitted.get('contexts').genusEvidence.evidence(fragments)
  const alignments = all.map((each, i) => each.map((value, genus) => value - contexts[i][genus]))
  const leads = new Map()
  for (const threshold of thresholds)
    leads.set(threshold, await leadsOf(fitted.get(`leads${threshold}`), fragments))
  const regions = leads.get(defaultThreshold)
  const forms = {
    genusOdds: await genusOdds.score(fragments),
    'the two leads of what it sums, added': sumOf(
      await leadBy(fragments, contexts),
      await leadBy(fragments, alignments),
    ),
    'alignments region by region, summed before the lead': regions.summedFirst,
    genusLeads: sumOf(regions.contexts, regions.alignments),
  }
  const settings = [...leads.values()].flatMap(({ contexts, alignments }) =>
    relativeWeights.map(weight =>
      sumOf(
        contexts,
        alignments.map(lead => weight * lead),
      ),
    ),
  )
  return { forms, settings }
}

/** The folds: which fragments are of the genera of each. */
function dealt(genera, labels) {
  const all = []
  for (let deal = 0; deal < deals; deal++) {
    const key = keyFromSeed(deal)
    const foldOf = new Map()
    for (const label of [1, 0]) {
      const ofClass = [...new Set(genera.filter((_, i) => labels[i] === label))].sort()
      const numbers = new Map(ofClass.map((genus, i) => [genus, uniformAt(key, label, i)]))
      ofClass.sort((a, b) => numbers.get(a) - numbers.get(b))
      for (const [i, genus] of ofClass.entries()) foldOf.set(genus, i % folds)
    }
    for (let fold = 0; fold < folds; fold++) all.push(genera.map(genus => foldOf.get(genus) === fold))
  }
  return all
}

/** AUROC of those fragments that `isCounted` says. */
function aurocOfThose(column, labels, isCounted) {
  const ofClass = label => column.filter((_, i) => labels[i] === label && isCounted(i))
  return auroc(ofClass(1), ofClass(0))
}
const mean = numbers => numbers.reduce((sum, number) => sum + number, 0) / numbers.length

const table = new Map()
const note = (row, cell) => table.set(row, [...(table.get(row) ?? []), cell])
const lengths = values.lengths.split(',').map(Number)
const perClass = values['per-class'].split(',').map(Number)
for (const [i, length] of lengths.entries()) {
  const fragments = perClass[Math.min(i, perClass.length - 1)]
  const seed = Number(values.seed)
  const inside = await fragmentsOfClass(genomes, 'ID', { length, fragments, seed })
  const outside = await fragmentsOfClass(genomes, 'OOD', { length, fragments, seed: seed + 1 })
  const reads = [...inside, ...outside]
  const labels = reads.map((_, i) => Number(i < inside.length))
  const heldOut = dealt(
    reads.map(({ genus }) => genus),
    labels,
  )
  const { forms, settings } = await scoresOf(reads.map(({ bases }) => bases))
  const classesOf = column => ({ in: column.subarray(0, inside.length), ood: column.subarray(inside.length) })
  const overFolds = columnOf =>
    mean(heldOut.map(isHeldOut => aurocOfThose(columnOf(isHeldOut), labels, i => isHeldOut[i]))).toFixed(3)
  const everyFragment = column => aurocOfThose(column, labels, () => true)

  note('fragments', `${inside.length} + ${outside.length}`)
  for (const [form, column] of Object.entries(forms)) {
    const { difference, p } = pairedDelong(classesOf(column), classesOf(forms.genusOdds))
    const compared =
      column === forms.genusOdds ? '' : ` (${difference.value.toFixed(3)}, p = ${p.toPrecision(1)})`
    note(form, `${everyFragment(column).toFixed(3)}${compared}`)
  }
  for (const [form, column] of Object.entries(forms))
    note(
      `${form}, mean over folds`,
      overFolds(() => column),
    )
  note(
    `best of ${settings.length} settings of genusLeads`,
    Math.max(...settings.map(everyFragment)).toFixed(3),
  )
  note(
    'settings chosen without the genera of the fold, mean over folds',
    overFolds(isHeldOut => {
      const others = settings.map(column => aurocOfThose(column, labels, i => !isHeldOut[i]))
      return settings[others.indexOf(Math.max(...others))]
    }),
  )
  process.stderr.write(`${length} bases: ${(process.cpuUsage().user / 1e6).toFixed(0)} s of processor time\n`)
}
process.stdout.write(
  `| AUROC (minus that of genusOdds, p over fragments) | ${lengths.join(' | ')} |\n| ---${' | ---'.repeat(lengths.length)} |\n`,
)
for (const [row, cells] of table) process.stdout.write(`| ${row} | ${cells.join(' | ')} |\n`)
