import { basename } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { findFiles, gcFraction, InputError, type Read, type Split } from '../../data/index.js'
import { type ClusterUnit, type EvaluationReads, evaluateScores, type StepWindow } from '../../eval/index.js'
import type { Score } from '../../eval/scores/index.js'
import { DetectorScores } from '../../model/index.js'
import { parseSum, type SumOfScores, withSums } from '../crossValidatedSums.js'
import { openChosenDevice } from '../deviceOptions.js'
import { nearGenera, type ReportFlags, type ReportSource, writeReport } from '../evaluationReport.js'
import { UsageError } from '../failure.js'
import { formatFragment, fragmentHeader, readFragmentTable } from '../fragmentTable.js'
import { openInput } from '../input.js'
import { watchInterrupts } from '../interrupt.js'
import { methodsOf, scoreFragments } from '../modelScores.js'
import { loadChosenDetector } from '../models.js'
import { wholeNumber } from '../options.js'
import { writeTable } from '../output.js'
import { say } from '../progress.js'
import { ScoredSet, setNames } from '../scoredSet.js'
import { type ScoringFlags, sayBanner, scoringOptions } from '../scoring.js'
import { Tally } from '../tally.js'

type EvaluateFlags = ScoringFlags &
  ReportFlags & {
    foreground?: string
    background?: string
    modelDirFrgd?: string
    modelDirBkgd?: string
    ckptStep?: number
    in?: string[]
    ood?: string[]
    inTestDataDir?: string
    oodTestDataDir?: string
    nSamples?: number
    scoresTsv?: string[]
    scores?: string[]
    sum?: SumOfScores[]
    seed: number
    replicates: number
    cluster: ClusterUnit
    near?: string
    tsv?: string
  }

const help = `
Prints sizes, AUROC, AUPRC, FPR at 80 % and 95 % TPR with 95 % intervals for every score, paired tests against the first,
the mean AUROC of batches of 100 reads of each class (what the reference programs report), correlation with GC content,
AUROC by length, and of near and far genera. All scores are higher for in-distribution reads, which are the positive
class.

The scores are those of two models (likelihood, and with a background model the ratio), and then the reference's own line
is printed, too; all scores of a detector (-m detector.safetensors); or those of tables, --scores-tsv: a column 'set' (in or ood), one column for each score, and as far as
known read, genus, genome, length, gc, relation (near or far); --tsv writes such a table. All reads of both sets count
unless --n-samples is given; reads that lack a score are left out for all of them, and counted.

Reads of one genome, and of one genus, are not independent: --cluster genome (or genus) makes intervals and tests that
speak of other genomes (genera) than these. Genus and genome come from read names (Genus|genome|…) or from the table.
Groups of one read, and sets of one genome or genus, have no interval (NA).

--sum adds a weighted sum of scores: the weights are fitted by logistic regression for each length (up to ten), on the
reads of other genera than those that they are applied to, in ten folds.

--runs draws the curves of trainings on the page, and prints the mean of the AUROCs that each logged over a window of
steps, which is the figure that the reference programs publish; over the last 100 validations without --window.

The flags of the reference's generative_eval.py work as they are, but for two defaults: all samples (the reference:
10000) of the newest checkpoints (the reference: step 900000).`

/** `xenograd evaluate`: how well scores tell two sets of reads apart. */
export function register(program: Command): void {
  const command = program
    .command('evaluate')
    .description('evaluate scores on in- and out-of-distribution reads')
    .option(
      '-m, --foreground <model>',
      'detector, or model of in-distribution reads (see xenograd score --help)',
    )
    .option('-b, --background <model>', 'model of the background')
    .option('--in <path...>', "in-distribution reads: files, or folders in the reference's layout")
    .option('--ood <path...>', 'out-of-distribution reads')
    .addOption(
      new Option(
        '--scores-tsv <file...>',
        'tables of scores per fragment, instead of models and reads',
      ).conflicts([
        ...['foreground', 'background', 'modelDirFrgd', 'modelDirBkgd', 'tsv'],
        ...['in', 'ood', 'inTestDataDir', 'oodTestDataDir', 'nSamples'],
      ]),
    )
    .option(
      '--scores <names>',
      'take these scores, in this order (with commas); the first is the baseline',
      names,
    )
    .option(
      '--sum <scores>',
      'add a weighted sum, NAME=A+B+C, cross-validated by genus; may be repeated',
      parseSum,
    )
    .option('--json <out>', 'write everything that was found')
    .option('--table <out>', 'write everything that was found as TSV, a row for each figure')
    .option('--markdown <out>', 'write the tables as Markdown')
    .option('--html <out>', 'write one page with all charts and tables, which needs no network')
    .option('--plot <out>', 'write ROC curves and histograms, as SVG')
    .option('--tsv <out>', 'write the scores of every read (compressed if it ends in .gz)')
    .option('--seed <n>', 'seed of the bootstrap', wholeNumber(0), 1)
    .option('--replicates <n>', 'replicates of the bootstrap', wholeNumber(0), 1000)
    .addOption(
      new Option('--cluster <unit>', 'what is independent of each other, for intervals and tests')
        .choices(['read', 'genome', 'genus'])
        .default('read'),
    )
    .option('--near <genera>', 'genera near the in-distribution ones: with commas, or a file with one a line')
    .option('--runs <dir...>', 'directories of trainings')
    .option('--window <from-to>', 'steps of the trainings that the mean of logged AUROCs is over', stepWindow)
    .option('--n-samples <n>', 'take the first n reads of each set', wholeNumber(1))
    .option('--ckpt-step <n>', 'take the checkpoints of this step from run directories', wholeNumber(0))
    .addOption(alias('--model-dir-frgd <dir>', 'foreground'))
    .addOption(alias('--model-dir-bkgd <dir>', 'background'))
    .addOption(alias('--in-test-data-dir <dir>', 'in'))
    .addOption(alias('--ood-test-data-dir <dir>', 'ood'))
    .addHelpText('after', help)
  for (const option of scoringOptions()) command.addOption(option)
  command.action(evaluate)
}

const alias = (flags: string, name: string): Option =>
  new Option(flags, `the reference's name of --${name}`).conflicts(name)

const names = (text: string): string[] => text.split(',').map(name => name.trim())

function stepWindow(text: string): StepWindow {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text)?.map(Number) ?? []
  if (from === undefined || from > to) throw new InvalidArgumentError('Give two steps, as in 70500-120000.')
  return { from, to }
}

/** Scored reads of both sets, and what the report says of them. */
type Scored = ReportSource & {
  names: readonly string[]
  sets: Readonly<Record<'in' | 'ood', ScoredSet>>
  /** Near genera that the source itself knows of. */
  near?: readonly string[] | undefined
}

async function evaluate(flags: EvaluateFlags): Promise<void> {
  if (flags.window && !flags.runs)
    throw new UsageError('--window needs --runs: the trainings that it is a window of')
  watchInterrupts()
  const scored =
    flags.scoresTsv === undefined ? await scoreWithModels(flags) : await scoresOfTables(flags.scoresTsv)
  const chosen = chosenScores(scored.names, flags.scores)
  const readsWith = (scores?: readonly string[]): EvaluationReads => ({
    inDistribution: scored.sets.in.reads(scores),
    outOfDistribution: scored.sets.ood.reads(scores),
  })
  const { sum } = flags
  const reads = sum ? asInputError(() => withSums(readsWith(), chosen, sum)) : readsWith(chosen)
  warnOfSharedGenera(reads)
  const { seed, replicates, cluster } = flags
  const near = flags.near === undefined ? scored.near : await nearGenera(flags.near)
  const evaluation = asInputError(() =>
    evaluateScores(reads, { seed, replicates, cluster, ...(near && { near }) }),
  )
  await writeReport(reads, evaluation, scored, flags)
  const [likelihood, ratio] = ['likelihood', 'ratio'].map(name =>
    evaluation.scores.find(({ score }) => score === name),
  )
  if (flags.scoresTsv === undefined && likelihood && ratio)
    process.stdout.write(
      `AUCs for raw likelihood and likelihood ratio: ${likelihood.auroc.value}, ${ratio.auroc.value}\n`,
    )
}

/** The evaluator's complaints are about what the files have. */
function asInputError<T>(evaluate: () => T): T {
  try {
    return evaluate()
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(error.message)
    throw error
  }
}

/** @throws UsageError for a name that no score has. */
function chosenScores(names: readonly string[], wanted: readonly string[] | undefined): readonly string[] {
  const absent = wanted?.find(name => !names.includes(name))
  if (absent !== undefined)
    throw new UsageError(`--scores: there is no score '${absent}'; there are ${names.join(', ')}`)
  return wanted ? [...new Set(wanted)] : names
}

function warnOfSharedGenera({ inDistribution, outOfDistribution }: EvaluationReads): void {
  const outside = new Set(outOfDistribution.genus)
  const shared = [...new Set(inDistribution.genus)].filter(genus => outside.has(genus))
  if (shared.length > 0)
    say(
      `xenograd evaluate: in both sets there are reads of ${shared.join(', ')}: is one of the sets the wrong one?`,
    )
}

async function scoresOfTables(paths: readonly string[]): Promise<Scored> {
  const { names, sets, near } = await readFragmentTable(...paths)
  return {
    names,
    sets,
    near,
    title: `${paths.map(path => basename(path)).join(', ')}: in- against out-of-distribution`,
    facts: { scores: paths.join(', ') },
  }
}

async function scoreWithModels(flags: EvaluateFlags): Promise<Scored> {
  const foreground = flags.foreground ?? flags.modelDirFrgd ?? missing('foreground')
  const background = flags.background ?? flags.modelDirBkgd
  const inDistribution = flags.in ?? listOf(flags.inTestDataDir) ?? missing('in')
  const outOfDistribution = flags.ood ?? listOf(flags.oodTestDataDir) ?? missing('ood')
  const device = await openChosenDevice(flags)
  const paths = { in: await filesOf(inDistribution, 'in'), ood: await filesOf(outOfDistribution, 'ood') }
  const saved = await loadChosenDetector({ foreground, background, cell: flags.cell, step: flags.ckptStep })
  if (!flags.quiet) sayBanner(device, saved, flags)
  const { batch, bothStrands = saved.calibration?.bothStrands ?? false } = flags
  const detector = new DetectorScores(saved, { device: device.name, batch, bothStrands })
  const scores = methodsOf(detector, saved.background !== undefined)
  return {
    names: scores.map(({ name }) => name),
    sets: await scoreSets(scores, paths, flags),
    title: `${basename(saved.path)}: in- against out-of-distribution reads`,
    // Other methods have units of their own.
    ...(saved.scores.length === 0 && { unit: 'nats per base' }),
    facts: { foreground: saved.foreground?.path ?? saved.path, background: saved.background?.path },
  }
}

/** Scores the reads of both sets; writes the table of them if it is wanted. */
async function scoreSets(
  scores: readonly Score[],
  paths: Readonly<Record<'in' | 'ood', readonly string[]>>,
  flags: EvaluateFlags,
): Promise<Record<'in' | 'ood', ScoredSet>> {
  const names = scores.map(({ name }) => name)
  const interned = new Map<string, string>()
  const sets = { in: new ScoredSet(names, interned), ood: new ScoredSet(names, interned) }
  async function* rows(): AsyncGenerator<string> {
    yield fragmentHeader(names)
    for (const set of setNames) {
      const tally = new Tally()
      const input = await openInput(paths[set], flags.nSamples)
      for await (const batch of scoreFragments(scores, input, tally, flags)) {
        const fragments = batch.map(({ read, scores }) => ({ ...describe(read), scores }))
        for (const fragment of fragments) sets[set].add(fragment)
        yield fragments.map(fragment => formatFragment(set, fragment)).join('')
      }
      if (!flags.quiet) say(`${set}: ${tally.reads} reads scored, ${tally.readsPerSecond}`)
      const warning = tally.warning()
      if (warning) say(`xenograd evaluate: ${set}: ${warning}`)
    }
  }
  if (flags.tsv === undefined) for await (const _ of rows());
  else await writeTable(flags.tsv, rows())
  return sets
}

/** What a read says of itself; the genome stands in the names of sampled reads, `Genus|genome|…`. */
function describe({ name, genus, bases }: Read) {
  const [first, genome, ...others] = name.split('|')
  return {
    ...{ name, genus, length: bases.length, gc: gcFraction(bases) },
    genome: first === genus && others.length > 0 ? genome : undefined,
  }
}

const listOf = (path: string | undefined): string[] | undefined => (path === undefined ? undefined : [path])

/** @throws UsageError: the option is needed. */
function missing(name: string): never {
  throw new UsageError(`--${name} is missing (see xenograd evaluate --help)`)
}

/** The files of a set; in a folder those of the test split, or of the validation split if its name says so. */
async function filesOf(paths: readonly string[], set: 'in' | 'ood'): Promise<string[]> {
  const split = (path: string): Split =>
    basename(path).includes(`${set}_val`) ? `${set}_val` : `${set}_test`
  return (await Promise.all(paths.map(path => findFiles(path, split(path))))).flat()
}
