import { join } from 'node:path'
import { type Command, InvalidArgumentError, type OptionValues } from 'commander'
import { type Shard, writeFileAtomic } from '../../data/index.js'
import { openDevice } from '../../engine/index.js'
import {
  checkSettings,
  compareGrid,
  findCell,
  type GridPoint,
  gridPoints,
  loadModel,
  loadValidation,
  runName,
  type Settings,
  scoreValidation,
  type TuneRow,
  type ValidationData,
  type ValidationScores,
} from '../../model/index.js'
import { type ChosenDevice, chosenDevice, deviceOptionFlags } from '../deviceOptions.js'
import { exitCodes, UsageError } from '../failure.js'
import { interruptExitCode, interrupted, watchInterrupts } from '../interrupt.js'
import { parseShard } from '../options.js'
import { say } from '../progress.js'
import { figure, list, type ObjectOf, object, optional, text, truth, whole } from '../schema.js'
import { settingOptions, settingsOf } from '../settingFlags.js'
import { print, type SummaryFlags, summarised } from '../summary.js'
import { type Outcome, processesOption, type Training, trainUnfinished } from '../trainingProcesses.js'

const help = `
Of each hidden size a foreground is trained (no mutations, no regulariser), and a background for every mutation rate with
every weight of the regulariser; all other flags are those of xenograd train and the same for all. Trainings run in
processes of their own, as many at once as the cores allow. The same command goes on after an interruption: what is
finished is not repeated, what was broken off goes on from its checkpoint.

Then each background is judged by the AUROC of its likelihood ratio on the validation reads, with its 95 % interval and a
paired test against the best. Standard output and OUT_DIR/tune.tsv get the table, the best first; tune.json the same, with
the paths of the models. --shard I/N trains every N-th model of the grid, from the I-th on, for machines that share OUT_DIR.
The best of many is a little flattered by the choice: report it on reads that had no part in it.`

type TuneFlags = {
  hiddenSizes?: number[]
  mutationRates: number[]
  regWeights: number[]
  processes?: number
  shard?: Shard
  quiet?: boolean
}

/** A list of numbers, for commander. `accepts` says which make sense, `wanted` in words. */
const numbers =
  (accepts: (x: number) => boolean, wanted: string) =>
  (text: string): number[] => {
    const list = text.split(',').map(part => (part.trim() === '' ? Number.NaN : Number(part)))
    if (!list.every(accepts)) throw new InvalidArgumentError(`Give ${wanted}, with commas between them.`)
    return list
  }

const auroc = (of: string) =>
  object(
    { value: figure('the estimate'), low: figure('lower bound'), high: figure('upper bound') },
    `AUROC of the ${of} on the validation reads, with its 95 % interval`,
  )

const summary = {
  interrupted: truth('whether a signal has ended it before its end'),
  folder: optional(text('where the trainings are')),
  rows: optional(
    list(
      object(
        {
          hidden_lstm_size: whole('hidden units'),
          mutation_rate: figure('mutation rate of the background'),
          reg_weight: figure('weight of its regulariser'),
          ratio: auroc('likelihood ratio'),
          likelihood: auroc('likelihood'),
          pAgainstBest: figure('p-value of the paired test against the best'),
          foreground: optional(text('the run of the foreground')),
          background: optional(text('the run of the background')),
        },
        'a background',
      ),
      'the best first',
    ),
  ),
}

/** `xenograd tune`: which background is best. */
export function register(program: Command): void {
  const command = program
    .command('tune')
    .summary('train a grid of backgrounds, and pick the best by validation')
    .description('Train a foreground and a grid of background models, and pick by the AUROC of their ratio.')
    .option(
      '--mutation-rates <list>',
      'mutation rates of backgrounds',
      numbers(x => x >= 0 && x <= 1, 'rates from 0 to 1'),
      [0, 0.05, 0.1, 0.2, 0.3],
    )
    .option(
      '--reg-weights <list>',
      'weights of the regulariser of backgrounds',
      numbers(x => x >= 0, 'weights of 0 or more'),
      [0, 1e-4, 1e-3],
    )
    .option(
      '--hidden-sizes <list>',
      'hidden sizes (default: that of --hidden_lstm_size alone)',
      numbers(n => Number.isInteger(n) && n > 0, 'whole numbers from 1 on'),
    )
    .addOption(processesOption())
    .option(
      '--shard <i/n>',
      'train only part I of N of the grid, without a table; the command without --shard, at the end, makes it',
      parseShard,
    )
    .option('-q, --quiet', 'no progress')
    .addHelpText('after', help)
  for (const option of [...deviceOptionFlags(), ...settingOptions(['mutation_rate', 'reg_weight'])])
    command.addOption(option)
  summarised(command, summary, tune)
}

type GridTraining = Training & { readonly point: GridPoint }

async function tune(given: OptionValues & TuneFlags & SummaryFlags): Promise<ObjectOf<typeof summary>> {
  const device = await chosenDevice(given)
  const base = settingsOf(given, device.name)
  const { mutationRates, regWeights, hiddenSizes = [base.hidden_lstm_size] } = given
  const trainings = gridPoints({ hidden: hiddenSizes, mutationRates, regWeights }).map(point =>
    trainingOf(base, point),
  )
  for (const { settings } of trainings) checkSettings(settings)
  if (trainings.length <= hiddenSizes.length)
    throw new UsageError(
      '--mutation-rates 0 --reg-weights 0: no background among them; give a rate or a weight above 0',
    )
  const data = await validationData(base)
  watchInterrupts()
  const chosen = partOf(trainings, given.shard)
  // Other shards train in the same folder meanwhile.
  const outcomes = await trainUnfinished(given.shard ? undefined : base.out_dir, chosen, given, device)
  if (interrupted.aborted) {
    say('interrupted; the same command goes on')
    process.exitCode = interruptExitCode()
    return { interrupted: true }
  }
  if (outcomes.some(outcome => outcome !== 'done')) process.exitCode = exitCodes.failure
  if (given.shard) return { interrupted: false, folder: base.out_dir }
  const rows = await report(base, given, await scoreAll(trainings, outcomes, data, base, device))
  return { interrupted: false, folder: base.out_dir, rows }
}

/** Every n-th item from the i-th on, of which each shard has about as many large models; without a shard all. */
const partOf = <T>(items: readonly T[], { index, count }: Shard = { index: 1, count: 1 }): T[] =>
  items.filter((_, i) => i % count === index - 1)

function trainingOf(base: Settings, point: GridPoint): GridTraining {
  const { hidden_lstm_size, mutation_rate, reg_weight } = point
  const name = `hidden${hidden_lstm_size}_mutations${mutation_rate}_${base.reg_type}${reg_weight}`
  const settings = { ...base, ...point, out_dir: join(base.out_dir, name), fresh: false }
  return { point, settings, name: describe(point), run: join(settings.out_dir, runName(settings)) }
}

/** @throws UsageError without validation reads of both kinds; as `loadValidation`. */
async function validationData(settings: Settings): Promise<ValidationData> {
  const { validation } = await loadValidation(settings)
  if (validation && validation.data.outOfDistribution.length > 0) return validation.data
  throw new UsageError(
    'tune picks by the AUROC of validation reads, and there are none: give --in_val_data_dir and --ood_val_data_dir, or --genomes with a manifest that has parts val',
  )
}

const describe = ({ hidden_lstm_size, mutation_rate, reg_weight }: GridPoint): string =>
  `hidden size ${hidden_lstm_size}, mutation rate ${mutation_rate}, regulariser ${reg_weight}`

type Scored = { readonly point: GridPoint; readonly run: string; readonly scores: ValidationScores }

/** Score the validation reads with every model that was trained. */
async function scoreAll(
  trainings: readonly GridTraining[],
  outcomes: readonly (Outcome | undefined)[],
  data: ValidationData,
  { norm_lstm, cell }: Settings,
  device: ChosenDevice,
): Promise<Scored[]> {
  const { name } = await openDevice(device.name, device.options)
  const trained = trainings.filter((_, i) => outcomes[i] === 'done')
  const scored: Scored[] = []
  for (const { point, run } of trained) {
    const model = await loadModel(run, await findCell(norm_lstm ? 'layerNormLstm' : cell || 'lstm'))
    scored.push({ point, run, scores: await scoreValidation(model, data, name) })
  }
  return scored
}

/** The table on standard output and in files, and the choice in a line. Returns the rows, the best first. */
async function report(
  { out_dir }: Settings,
  flags: SummaryFlags,
  scored: readonly Scored[],
): Promise<readonly TuneRow[]> {
  const rows = compareGrid(scored)
  if (rows.length === 0)
    throw new Error('no foreground with a background of its size was trained; see the failures above')
  const runOf = (point: GridPoint) => scored.find(s => describe(s.point) === describe(point))?.run
  const withRuns = rows.map(row => ({
    ...row,
    foreground: runOf({ ...row, mutation_rate: 0, reg_weight: 0 }),
    background: runOf(row),
  }))
  const table = tsvOf(rows)
  await writeFileAtomic(join(out_dir, 'tune.tsv'), table)
  await writeFileAtomic(join(out_dir, 'tune.json'), `${JSON.stringify(withRuns, undefined, 2)}\n`)
  print(flags, table)
  const [best] = withRuns
  const { value, low, high } = best.ratio
  say(
    `best: ${describe(best)}: AUROC of the ratio ${value.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}], of the likelihood ${best.likelihood.value.toFixed(4)}\n` +
      `  foreground ${best.foreground}\n  background ${best.background}`,
  )
  return withRuns
}

function tsvOf(rows: readonly TuneRow[]): string {
  const number = (x: number) => (Number.isNaN(x) ? 'NA' : x.toPrecision(6))
  const header =
    '#hidden\tmutation_rate\treg_weight\tratio_auroc\tlow\thigh\tlikelihood_auroc\tp_against_best\n'
  const lines = rows.map(({ hidden_lstm_size, mutation_rate, reg_weight, ratio, likelihood, pAgainstBest }) =>
    [
      hidden_lstm_size,
      mutation_rate,
      reg_weight,
      ...[ratio.value, ratio.low, ratio.high, likelihood.value, pAgainstBest].map(number),
    ].join('\t'),
  )
  return `${header}${lines.join('\n')}\n`
}
