import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import { findFiles, type Split, writeFileAtomic } from '../../data/index.js'
import { type EvaluationReads, evaluateScores, evaluationPlot, formatTable } from '../../eval/index.js'
import { openChosenDevice } from '../deviceOptions.js'
import { UsageError } from '../failure.js'
import { openInput } from '../input.js'
import { watchInterrupts } from '../interrupt.js'
import { loadModels } from '../models.js'
import { wholeNumber } from '../options.js'
import { writeTable } from '../output.js'
import { say } from '../progress.js'
import { makeDetector, type ScoringFlags, scoreInput, scoringOptions } from '../scoring.js'
import { formatRow, type ScoredRead, scoreColumns } from '../table.js'
import { Tally } from '../tally.js'

type EvaluateFlags = ScoringFlags & {
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
  seed: number
  replicates: number
  cluster: 'read' | 'genus'
  json?: string
  tsv?: string
  plot?: string
}

const help = `
Prints sizes, AUROC, AUPRC, FPR at 80 % and 95 % TPR with 95 % intervals for the likelihood and, with a background
model, the likelihood ratio, a paired test of the two, and the reference's own line. Both scores are higher for
in-distribution reads, which are the positive class. All reads of both sets count unless --n-samples is given; reads
without a score are left out and counted.

The flags of the reference's generative_eval.py work as they are, but for two defaults: all samples (the reference:
10000) of the newest checkpoints (the reference: step 900000).`

/** `xenograd evaluate`: how well two models tell two sets of reads apart. */
export function register(program: Command): void {
  const command = program
    .command('evaluate')
    .description('evaluate a detector on in- and out-of-distribution reads')
    .option('-m, --foreground <model>', 'model of in-distribution reads (see xenograd score --help)')
    .option('-b, --background <model>', 'model of the background')
    .option('--in <path...>', "in-distribution reads: files, or folders in the reference's layout")
    .option('--ood <path...>', 'out-of-distribution reads')
    .option('--json <out>', 'write everything that was found')
    .option('--tsv <out>', 'write the scores of every read (compressed if it ends in .gz)')
    .option('--plot <out>', 'write ROC curves and histograms, as SVG')
    .option('--seed <n>', 'seed of the bootstrap', wholeNumber(0), 1)
    .option('--replicates <n>', 'replicates of the bootstrap', wholeNumber(0), 1000)
    .addOption(
      new Option('--cluster <unit>', 'what is independent of each other, for intervals and tests')
        .choices(['read', 'genus'])
        .default('read'),
    )
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

async function evaluate(flags: EvaluateFlags): Promise<void> {
  const foreground = flags.foreground ?? flags.modelDirFrgd ?? missing('foreground')
  const background = flags.background ?? flags.modelDirBkgd
  const inDistribution = flags.in ?? listOf(flags.inTestDataDir) ?? missing('in')
  const outOfDistribution = flags.ood ?? listOf(flags.oodTestDataDir) ?? missing('ood')
  watchInterrupts()
  const device = await openChosenDevice(flags)
  const sets = [
    { name: 'in', paths: await filesOf(inDistribution, 'in') },
    { name: 'ood', paths: await filesOf(outOfDistribution, 'ood') },
  ] as const
  const models = await loadModels({ foreground, background, cell: flags.cell, step: flags.ckptStep })
  const detector = makeDetector(device, models, flags, !flags.quiet)

  const hasRatio = background !== undefined
  const scores = { in: new ScoreSet(hasRatio), ood: new ScoreSet(hasRatio) }
  async function* rows(): AsyncGenerator<string> {
    yield `#set\t${scoreColumns.join('\t')}\n`
    for (const { name, paths } of sets) {
      const tally = new Tally()
      for await (const scored of scoreInput(detector, await openInput(paths, flags.nSamples), tally, flags)) {
        for (const read of scored) scores[name].add(read)
        yield scored.map(read => `${name}\t${formatRow(read)}\n`).join('')
      }
      if (!flags.quiet) say(`${name}: ${tally.reads} reads scored, ${tally.readsPerSecond}`)
      const warning = tally.warning()
      if (warning) say(`xenograd evaluate: ${name}: ${warning}`)
    }
  }
  if (flags.tsv === undefined) for await (const _ of rows());
  else await writeTable(flags.tsv, rows())

  const reads = { inDistribution: scores.in.reads(), outOfDistribution: scores.ood.reads() }
  await report(reads, flags, { foreground: models.foreground.path, background: models.background?.path })
}

/** Writes and prints what the scores say of the detector. */
async function report(
  reads: EvaluationReads,
  { seed, replicates, cluster, json, plot }: EvaluateFlags,
  models: { foreground: string; background: string | undefined },
): Promise<void> {
  const evaluation = evaluateScores(reads, { seed, replicates, clusterByGenus: cluster === 'genus' })
  if (json !== undefined)
    await writeFileAtomic(json, `${JSON.stringify({ models, ...evaluation }, undefined, 2)}\n`)
  if (plot !== undefined) {
    const title = `${basename(models.foreground)}: in- against out-of-distribution reads`
    await writeFileAtomic(plot, evaluationPlot(reads, evaluation, { title, unit: 'nats per base' }))
  }
  process.stdout.write(formatTable(evaluation))
  const [likelihood, ratio] = evaluation.scores
  if (ratio)
    process.stdout.write(
      `AUCs for raw likelihood and likelihood ratio: ${likelihood.auroc.value}, ${ratio.auroc.value}\n`,
    )
}

/** The scores of one set of reads: numbers only, as a set may have millions of reads. */
class ScoreSet {
  readonly #likelihood: number[] = []
  readonly #ratio: number[] = []
  readonly #gc: number[] = []
  readonly #genus: (string | undefined)[] = []

  constructor(readonly hasRatio: boolean) {}

  add({ read, gc, foreground, ratio }: ScoredRead): void {
    this.#likelihood.push(foreground)
    if (this.hasRatio) this.#ratio.push(ratio)
    this.#gc.push(gc)
    this.#genus.push(read.genus)
  }

  reads(): EvaluationReads['inDistribution'] {
    const genus = this.#genus.filter(name => name !== undefined)
    return {
      scores: { likelihood: this.#likelihood, ...(this.hasRatio && { ratio: this.#ratio }) },
      gc: this.#gc,
      ...(genus.length === this.#genus.length && { genus }),
    }
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
