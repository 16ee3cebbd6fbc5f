import { type Command, InvalidArgumentError } from 'commander'
import { type GenomePart, InputError, readManifest, sampleReads, splitByParts } from '../../data/index.js'
import { purposeKey, seedPurposes, uniformAt } from '../../engine/hostRandom.js'
import { Calibration, type CalibrationScores, fewestCalibrationScores } from '../../eval/index.js'
import {
  DetectorScores,
  halvedDetector,
  loadDetector,
  type SavedCalibration,
  type SavedDetector,
  saveDetector,
} from '../../model/index.js'
import { openChosenDevice } from '../deviceOptions.js'
import { UsageError } from '../failure.js'
import { inputPaths, openInput } from '../input.js'
import { interrupted, watchInterrupts } from '../interrupt.js'
import { loadChosenDetector } from '../models.js'
import { RepeatableOption, wholeNumber } from '../options.js'
import { say, startProgress } from '../progress.js'
import { list, type ObjectOf, object, table, text, truth, whole } from '../schema.js'
import { batchOf, prepare, type ScoringFlags, sayBanner, scoringOptions } from '../scoring.js'
import { summarised } from '../summary.js'

type CalibrateFlags = ScoringFlags & {
  foreground?: string
  background?: string
  output: string
  add?: string[]
  scores?: string
  half?: boolean
  genomes?: string
  set: string
  inDistribution?: string
  lengths: number[]
  fragments: number
  seed: number
  genera?: string
  description?: string
}

const help = `
Scores held-out fragments of known genera, and writes the detector with these scores to one file, which xenograd score
takes as it is: -m detector.safetensors. Its p-values are then shares of these fragments (p = (1 + number of fragments that
score as low) / (1 + number of fragments)), so the fragments must be as those that will be scored, but for what is
unknown about them: of the known genera, and not what the models were trained on.

The fragments are either sampled from genomes (--genomes MANIFEST.tsv: a table with columns file and genus, and optionally
set, part; the same number from each genus, from both strands), or cut from the beginning of given reads. Each length has
its own scores. 1 / (1 + number of fragments) is the smallest p-value; the false-positive rate that a call at 5 % has in
truth varies by 1.5 % (standard deviation) with 200 fragments, 0.5 % with 2000.

A file that is a detector already keeps its scores and notes, and gets a new calibration. --add puts networks and fitted
scores into one detector.`

const calibrated = object(
  { length: whole('bases', 2), fragments: whole('fragments of this length that have the score') },
  'fragments of a length',
)

const summary = {
  detector: text('the file that was written'),
  source: text('what it was calibrated with'),
  bothStrands: truth('whether scores are means over both strands'),
  genera: list(text('a genus'), 'what the detector knows, as far as that is said'),
  scores: table(list(calibrated, 'by length'), 'calibrations by the name of the score'),
}

/** `xenograd calibrate`: held-out reads make p-values of a detector's scores. */
export function register(program: Command): void {
  const command = program
    .command('calibrate')
    .description('give a detector p-values and calls, from held-out reads of known genera')
    .argument('[reads...]', 'files of held-out reads, if there is no --genomes')
    .option(
      '-m, --foreground <model>',
      'detector, or model of in-distribution reads (see xenograd score --help)',
    )
    .option('-b, --background <model>', 'model of the background, if --foreground is a single model')
    .requiredOption('-o, --output <out>', 'the detector to write, a safetensors file')
    .addOption(
      new RepeatableOption(
        '--add <detector>',
        'take the scores and the networks of genera of this detector, too (xenograd fit makes them); may be repeated',
      ),
    )
    .option('--scores <names>', 'keep only these of the fitted scores, separated by commas')
    .option('--half', 'store the networks at 16 bits a parameter, half the size')
    .option('--genomes <manifest>', 'table of genomes to sample fragments from')
    .option('--set <name>', 'the set of the manifest whose parts of genomes are held out', 'val')
    .option(
      '--in-distribution <group>',
      "the manifest's genomes of known genera, by its column set (default: ID)",
    )
    .option('--lengths <n,...>', 'lengths of fragments in bases', parseLengths, defaultLengths)
    .option('--fragments <n>', 'fragments of each length', wholeNumber(fewestCalibrationScores), 1000)
    .option('--seed <n>', 'decides which fragments are sampled', wholeNumber(0), 1)
    .option('--genera <names>', 'note which genera the detector knows, separated by commas')
    .option('--description <text>', 'note how it was made')
    .addHelpText('after', help)
  for (const option of scoringOptions()) command.addOption(option)
  summarised(command, summary, calibrate)
}

const defaultLengths = [100, 160, 250, 400, 630, 1000, 1600, 2500, 4000, 6300, 10_000, 20_000]

/** Parses lengths in bases, for commander. */
function parseLengths(text: string): number[] {
  const lengths = text.split(',').map(length => (/^\d+$/.test(length.trim()) ? Number(length) : 0))
  if (lengths.some(length => length < 2))
    throw new InvalidArgumentError('Give whole numbers from 2 on: 100,250,1000.')
  return [...new Set(lengths)].sort((a, b) => a - b)
}

async function calibrate(files: string[], flags: CalibrateFlags): Promise<ObjectOf<typeof summary>> {
  if (flags.genomes !== undefined && files.length)
    throw new UsageError('give either --genomes, to sample fragments from, or files of reads')
  watchInterrupts()
  const fragments =
    flags.genomes === undefined
      ? await readFragments(files, flags)
      : await genomeFragments(flags.genomes, flags)
  const device = await openChosenDevice(flags)
  const joined = await withScoresOf(await loadChosenDetector(flags), flags.add ?? [])
  const whole = flags.scores === undefined ? joined : withOnly(joined, flags.scores.split(/,\s*/))
  if (flags.half && !(whole.foreground || whole.genera))
    throw new UsageError(`--half is for generative networks; ${whole.path} has none`)
  const saved = flags.half ? await halvedDetector(whole) : whole
  if (!flags.quiet) sayBanner(device, saved, flags)
  const { bothStrands = false } = flags
  const batch = batchOf(flags, saved)
  const detector = new DetectorScores(saved, { device: device.name, batch, bothStrands })
  await prepare(detector, flags.quiet)
  const calibrated = new Map<string, CalibrationScores[]>(detector.scores.map(({ name }) => [name, []]))
  const progress = startProgress(fragments.total, { quiet: flags.quiet })
  let done = 0
  try {
    for (const length of flags.lengths) {
      const ofLength = await fragments.ofLength(length)
      const scores: number[][] = []
      for (let i = 0; i < ofLength.length; i += batch) {
        interrupted.throwIfAborted()
        scores.push(...(await detector.score(ofLength.slice(i, i + batch))))
        done += length * Math.min(batch, ofLength.length - i)
        progress.update(done, `${length} bases`)
      }
      for (const [i, { name }] of detector.scores.entries())
        calibrated.get(name)!.push({ length, scores: scores.map(ofFragment => ofFragment[i]) })
    }
  } finally {
    progress.stop()
  }
  const calibration: SavedCalibration = {
    scores: calibrationsOf(calibrated, flags.quiet ?? false),
    bothStrands,
    source: fragments.source,
  }
  const genera = flags.genera ?? saved.metadata.genera ?? fragments.genera.join(',')
  const description = flags.description ?? saved.metadata.description
  const metadata = { ...saved.metadata, ...(genera && { genera }), ...(description && { description }) }
  await saveDetector(flags.output, { ...saved, calibration, metadata })
  if (!flags.quiet) say(`${flags.output}: calibrated with ${fragments.source}`)
  const ofScores = [...calibration.scores].map(([name, { lengths, scores }]) => [
    name,
    lengths.map((length, i) => ({ length, fragments: scores[i].length })),
  ])
  return {
    detector: flags.output,
    source: fragments.source,
    bothStrands,
    genera: genera ? genera.split(/,\s*/) : [],
    scores: Object.fromEntries(ofScores),
  }
}

/**
 * A detector with the fitted scores of others, in their order, their networks of genera and their classifier: calls rest
 * on the last score.
 * @throws UsageError for more than one classifier, and for networks of genera of more than one.
 */
async function withScoresOf(detector: SavedDetector, others: readonly string[]): Promise<SavedDetector> {
  const all = [detector, ...(await Promise.all(others.map(path => loadDetector(path))))]
  const classifier = onlyOne(all, 'a classifier', ({ classifier }) => classifier)
  const genera = onlyOne(all, 'networks of genera', ({ genera }) => genera)
  return {
    ...detector,
    ...(classifier && { classifier }),
    ...(genera && { genera }),
    scores: all.flatMap(({ scores }) => scores),
  }
}

/** A detector with some of its fitted scores, by their names. @throws UsageError for a score that it does not have. */
function withOnly(detector: SavedDetector, names: readonly string[]): SavedDetector {
  const all = detector.scores.map(({ name }) => name)
  const unknown = names.find(name => !all.includes(name))
  if (unknown !== undefined)
    throw new UsageError(
      `--scores ${unknown}: ${detector.path} has no such fitted score; it has ${all.join(', ') || 'none'}`,
    )
  return { ...detector, scores: detector.scores.filter(({ name }) => names.includes(name)) }
}

/** The part that one of several detectors has; `part` in words. @throws UsageError when more than one have it. */
function onlyOne<T>(
  detectors: readonly SavedDetector[],
  part: string,
  partOf: (detector: SavedDetector) => T | undefined,
): T | undefined {
  const having = detectors.filter(detector => partOf(detector) !== undefined)
  if (having.length > 1)
    throw new UsageError(
      `--add: ${having.map(({ path }) => path).join(', ')} have ${part} each; a detector has one`,
    )
  return having[0] && partOf(having[0])
}

/** Held-out fragments by their length. */
type HeldOut = {
  /** Bases of all lengths together. */
  readonly total: number
  /** What they are, in words. */
  readonly source: string
  /** The known genera, where that is known. */
  readonly genera: readonly string[]
  ofLength(length: number): Promise<Uint8Array[]>
}

/** Fragments sampled from the genomes of a manifest. @throws InputError as `readManifest` and `sampleReads`; UsageError for a set that is not there. */
async function genomeFragments(
  manifest: string,
  { set, inDistribution = 'ID', lengths, fragments, seed }: CalibrateFlags,
): Promise<HeldOut> {
  const all = await readManifest(manifest)
  const genomes = all.some(({ group }) => group !== '')
    ? all.filter(({ group }) => group === inDistribution)
    : all
  if (genomes.length === 0)
    throw new UsageError(
      `--in-distribution ${inDistribution}: ${manifest} has no such set; it has ${[...new Set(all.map(({ group }) => group))].join(', ')}`,
    )
  const sets = splitByParts(genomes)
  const parts: readonly GenomePart[] | undefined = sets.get(set)
  if (!parts)
    throw new UsageError(
      `--set ${set}: ${manifest} gives no part to it; it has ${[...sets.keys()].join(', ')}`,
    )
  const genera = [...new Set(parts.map(({ genome }) => genome.genus))]
  const perGenus = Math.ceil(fragments / genera.length)
  return {
    total: perGenus * genera.length * lengths.reduce((sum, length) => sum + length, 0),
    source: `fragments of ${lengths[0]} to ${lengths.at(-1)} bases of ${parts.length} genomes of ${genera.length} genera, ${perGenus * genera.length} of each length`,
    genera,
    ofLength: async length =>
      (await sampleReads(parts, { length, perGenus, seed })).map(({ bases }) => bases),
  }
}

/** The beginnings of reads: of every length those of a random sample of the reads that reach it. */
async function readFragments(
  files: readonly string[],
  { lengths, fragments, seed }: CalibrateFlags,
): Promise<HeldOut> {
  const key = purposeKey(seed, seedPurposes.run.fragments)
  const samples = new Map(lengths.map(length => [length, { seen: 0, bases: [] as Uint8Array[] }]))
  const genera = new Set<string>()
  const input = await openInput(inputPaths(files))
  for await (const { bases, genus } of input.reads) {
    if (genus !== undefined) genera.add(genus)
    for (const [stream, length] of lengths.entries()) {
      if (bases.length < length) break
      const sample = samples.get(length)!
      // Reservoir sampling (Vitter 1985, algorithm R): every read is as likely to be in the sample.
      const slot =
        sample.seen < fragments
          ? sample.seen
          : Math.floor(uniformAt(key, stream, sample.seen) * (sample.seen + 1))
      if (slot < fragments) sample.bases[slot] = bases.slice(0, length)
      sample.seen++
    }
  }
  const total = [...samples].reduce((sum, [length, { bases }]) => sum + length * bases.length, 0)
  return {
    total,
    source: `the beginnings of reads of ${files.join(', ') || 'standard input'}, up to ${fragments} of each length`,
    genera: [...genera],
    ofLength: async length => samples.get(length)!.bases,
  }
}

/** Calibrations of the scores that are defined for fragments of some length; says which lengths are left out. */
function calibrationsOf(
  calibrated: ReadonlyMap<string, readonly CalibrationScores[]>,
  quiet: boolean,
): Map<string, Calibration> {
  const calibrations = new Map<string, Calibration>()
  const missing = new Set<number>()
  for (const [name, ofScore] of calibrated) {
    const defined = ofScore.map(({ length, scores }) => ({
      length,
      scores: Array.from(scores).filter(score => !Number.isNaN(score)),
    }))
    const enough = defined.filter(({ scores }) => scores.length >= fewestCalibrationScores)
    if (enough.length === 0) continue
    calibrations.set(name, new Calibration(enough))
    for (const { length } of defined) if (!enough.some(other => other.length === length)) missing.add(length)
  }
  if (calibrations.size === 0)
    throw new InputError(
      `no length has ${fewestCalibrationScores} fragments with a score; give more reads, or shorter lengths`,
    )
  if (missing.size && !quiet)
    say(
      `too few fragments for lengths ${[...missing].join(', ')}: there are no p-values of their own for these`,
    )
  return calibrations
}
