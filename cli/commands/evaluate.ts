import { type Command, InvalidArgumentError, Option } from 'commander'
import { InputError } from '../../data/index.js'
import {
  type Evaluation,
  type EvaluationReads,
  evaluateScores,
  formatTable,
  type StepWindow,
} from '../../eval/index.js'
import { checkSums, parseSum, withSums } from '../crossValidatedSums.js'
import {
  nearGenera,
  type ReportFlags,
  type TrainingCurves,
  trainingCurves,
  writeReport,
} from '../evaluationReport.js'
import {
  modelSource,
  type SourceFlags,
  type TablesFlags,
  tablesOf,
  tablesSource,
} from '../evaluationSource.js'
import { evaluationSummary } from '../evaluationSummary.js'
import { exitCodes, UsageError } from '../failure.js'
import { watchInterrupts } from '../interrupt.js'
import { RepeatableOption, wholeNumber } from '../options.js'
import { say } from '../progress.js'
import type { ObjectOf } from '../schema.js'
import { scoringOptions } from '../scoring.js'
import { summarised } from '../summary.js'

type EvaluateFlags = SourceFlags &
  TablesFlags &
  ReportFlags & {
    scores?: string[]
    seed: number
    replicates: number
  }

const help = `
Prints sizes, AUROC, AUPRC, FPR at 80 % and 95 % TPR with 95 % intervals for every score, paired tests against the first,
the mean AUROC of batches of 100 reads of each class (what the reference programs report), correlation with GC content,
AUROC by length, and of near and far genera. All scores are higher for in-distribution reads, which are the positive
class.

The scores are those of two models (likelihood, and with a background model the ratio), and then the reference's own line
is printed, too; all scores of a detector (-m detector.safetensors); or those of tables, --scores-tsv: a column 'set' (in
or ood), one column for each score, and as far as known read, genus, genome, length, gc, relation (near or far); --tsv
writes such a table. --in-scores and --ood-scores take the tables of xenograd score instead, one or several for each set;
genus and genome are those of names like Genus|genome|…. All reads of both sets count unless --n-samples is given; reads that lack a score are left out for
all of them, and counted. What is written to -, standard output, stands there instead of the text.

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
    .addOption(tables('--scores-tsv <file...>', 'tables of scores per fragment, instead of models and reads'))
    .addOption(tables('--in-scores <file...>', 'tables of xenograd score of in-distribution reads'))
    .addOption(tables('--ood-scores <file...>', 'tables of xenograd score of out-of-distribution reads'))
    .option(
      '--scores <names>',
      'take these scores, in this order (with commas); the first is the baseline',
      names,
    )
    .addOption(
      new RepeatableOption(
        '--sum <scores>',
        'add a weighted sum, NAME=A+B+C, cross-validated by genus; may be repeated',
        parseSum,
      ),
    )
    .option('--table <out>', 'write everything that was found as TSV, a row for each figure')
    .option('--markdown <out>', 'write the tables as Markdown')
    .option('--html <out>', 'write one page with all charts and tables, which needs no network')
    .option('--plot <out>', 'write ROC curves and histograms, as SVG (.svg)')
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
  summarised(command, evaluationSummary, evaluate)
}

const tables = (flags: string, description: string): Option =>
  new Option(flags, description).conflicts([
    ...['foreground', 'background', 'modelDirFrgd', 'modelDirBkgd', 'tsv'],
    ...['in', 'ood', 'inTestDataDir', 'oodTestDataDir', 'nSamples'],
  ])

const alias = (flags: string, name: string): Option =>
  new Option(flags, `the reference's name of --${name}`).conflicts(name)

const names = (text: string): string[] => text.split(',').map(name => name.trim())

function stepWindow(text: string): StepWindow {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text)?.map(Number) ?? []
  if (from === undefined || from > to) throw new InvalidArgumentError('Give two steps, as in 70500-120000.')
  return { from, to }
}

async function evaluate(flags: EvaluateFlags): Promise<ObjectOf<typeof evaluationSummary>> {
  if (flags.window && !flags.runs)
    throw new UsageError('--window needs --runs: the trainings that it is a window of')
  watchInterrupts()
  // Whatever can be wrong without a score is found before the first one.
  const curves = await trainingCurves(flags)
  const listed = flags.near === undefined ? undefined : await nearGenera(flags.near)
  const tables = tablesOf(flags)
  const source = tables ? await tablesSource(tables) : await modelSource(flags)
  const chosen = chosenScores(source.names, flags.scores)
  checkSums(source.names, flags.sum)
  const sets = await source.score()
  const all: EvaluationReads = { inDistribution: sets.in.reads(), outOfDistribution: sets.ood.reads() }
  warnOfSharedGenera(all)
  const { reads, evaluation, complaint } = evaluated(all, chosen, listed ?? source.near, flags)
  const text = isTextPrinted(flags) ? textOf(evaluation, curves, flags) : ''
  process.stdout.write(text)
  const failures = await writeReport(reads, evaluation, source, curves, flags)
  for (const failure of failures) say(`xenograd evaluate: ${failure}`)
  if (failures.length) process.exitCode = exitCodes.failure
  if (complaint !== undefined) {
    say(`xenograd evaluate: ${complaint}; this is the evaluation without`)
    process.exitCode = exitCodes.malformedInput
  }
  return { ...source.facts, ...evaluation, ...(curves.logged.length > 0 && { loggedAurocs: curves.logged }) }
}

/**
 * The evaluation; where scores have taken their time, and something that was asked for cannot be had of them, the
 * evaluation without it, and the complaint.
 * @throws InputError for reads that cannot be evaluated.
 */
function evaluated(
  all: EvaluationReads,
  chosen: readonly string[],
  near: readonly string[] | undefined,
  flags: EvaluateFlags,
): { reads: EvaluationReads; evaluation: Evaluation; complaint?: string } {
  const { seed, replicates, cluster, sum = [] } = flags
  try {
    const reads = withSums(all, chosen, sum)
    return {
      reads,
      evaluation: evaluateScores(reads, { seed, replicates, cluster, ...(near && { near }) }),
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // The evaluator's complaints are about what the files have.
    const { message } = error
    if (tablesOf(flags) || (cluster === 'read' && !near && sum.length === 0)) throw new InputError(message)
    const plain: EvaluateFlags = { ...flags, cluster: 'read', sum: [] }
    return { ...evaluated(all, chosen, undefined, plain), complaint: message }
  }
}

/** Whether standard output is the evaluation's text, not one of the files. */
const isTextPrinted = ({ json, table, markdown, html, plot, tsv }: EvaluateFlags): boolean =>
  ![json, table, markdown, html, plot, tsv].includes('-')

/** The text for people, and of two models the line of the reference. */
function textOf(evaluation: Evaluation, { logged }: TrainingCurves, flags: EvaluateFlags): string {
  const text = formatTable(evaluation, logged)
  const [likelihood, ratio] = ['likelihood', 'ratio'].map(name =>
    evaluation.scores.find(({ score }) => score === name),
  )
  if (tablesOf(flags) || !likelihood || !ratio) return text
  return `${text}AUCs for raw likelihood and likelihood ratio: ${likelihood.auroc.value}, ${ratio.auroc.value}\n`
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
