import { type Command, InvalidArgumentError } from 'commander'
import {
  type GenomePart,
  type GenusSequence,
  InputError,
  readManifest,
  readReads,
  sampleReads,
  sequencesOf,
  splitByParts,
} from '../../data/index.js'
import {
  checkSpecs,
  fitScores,
  type LabelledFragments,
  parseSpec,
  type ScoreSpec,
  type StorableScore,
  scoreKinds,
  valuesOf,
} from '../../eval/scores/index.js'
import {
  DetectorScores,
  halvedDetector,
  loadDetector,
  loadGenera,
  type SavedDetector,
  saveDetector,
} from '../../model/index.js'
import { type DeviceArguments, deviceOption, deviceOptionFlags, openChosenDevice } from '../deviceOptions.js'
import { UsageError } from '../failure.js'
import { wholeNumber } from '../options.js'
import { say, startProgress } from '../progress.js'
import { list, type ObjectOf, object, optional, text, whole } from '../schema.js'
import { summarised } from '../summary.js'

type FitFlags = DeviceArguments & {
  addTo?: string
  networks?: string
  half?: boolean
  genomes?: string
  reads?: string[]
  set: string
  inDistribution: string
  labelledSet: string
  lengths: number[]
  perGenus: number
  seed: number
  description?: string
  output: string
  quiet?: boolean
}

/** Every kind with its options, for the help. */
const kindsHelp = Object.entries(scoreKinds)
  .map(([name, { meaning, options }]) => {
    const lines = Object.entries(options).map(
      ([option, description]) =>
        `    ${option.padEnd(16)}${description.meaning}: ${valuesOf(description)}` +
        ('otherwise' in description ? ` (default: ${description.otherwise})` : ''),
    )
    return [`  ${name}: ${meaning}`, ...lines].join('\n')
  })
  .join('\n')

const help = `
SPEC is KIND or KIND:OPTION=VALUE,OPTION=VALUE, as in markov:order=10 or kmers:k=15; name=NAME names the score, which is
otherwise called after its kind and options (markov10, kmers15). All scores are fitted in one pass. One that is computed
from others comes after them: xenograd fit kmers mlr weightedSum:of=kmers+mlr …

Kinds of scores, all higher for in-distribution fragments:
${kindsHelp}

MANIFEST is a table with tabs and columns file, genus, set and part (see xenograd sample --help). gcRegressed and
weightedSum are fitted on fragments that are sampled from its other part (--labelled-set): of the genera in the set
--in-distribution, and weightedSum of all others, too.

--networks takes networks of genera into the detector, each trained on the genomes of its genus alone (xenograd train
--each-genus). Their scores are mlr and odds, which others can be computed from: xenograd fit genusOdds
pooledOdds:of=odds+genusOdds --networks FOLDER … sums what networks and genomes say for each genus.

--add-to takes all of a detector into the new file, but its calibration. What it has can be computed from, too: scores of a
classifier (xenograd train-classifier), networks, other scores: xenograd fit kmers
weightedSum:of=maxProbability+kmers --add-to RUN/detector.safetensors …`

const summary = {
  detector: text('the file that was written'),
  genera: list(text('a genus'), 'what the scores were fitted on'),
  networks: optional(whole('networks of genera in it')),
  scores: list(
    object(
      { name: text('its name'), kind: text('its kind'), bytes: whole('its size in bytes') },
      'a fitted score',
    ),
    'in the order of the file',
  ),
}

/** `xenograd fit`: scores from genomes or reads, into a detector file. */
export function register(program: Command): void {
  const command = program
    .command('fit')
    .description('fit scores on genomes or reads, and store them as a detector')
    .argument('[spec...]', 'the scores', parseSpecArgument)
    .option('--genomes <manifest>', 'the genomes to fit on')
    .option('--reads <file...>', 'reads to fit on instead; their labels or genera are the classes')
    .option(
      '--networks <folder>',
      'a network for each genus: its run directory, or a folder with that, called as the genus',
    )
    .option('--add-to <detector>', 'a detector whose networks, classifier and scores the new one has, too')
    .option('--half', 'store the networks at 16 bits a parameter, half the size')
    .option('--set <name>', 'which parts of the genomes to fit on', 'train')
    .option('--in-distribution <name>', "the manifest's set of known genera", 'ID')
    .option('--labelled-set <name>', 'which parts to sample labelled fragments from', 'val')
    .option(
      '--lengths <list>',
      'lengths of the labelled fragments',
      parseLengths,
      [100, 250, 1000, 5000, 20000],
    )
    .option('--per-genus <n>', 'labelled fragments of each known genus and length', wholeNumber(1), 200)
    .option('--seed <n>', 'seed of the labelled fragments', wholeNumber(0), 1)
    .option('--description <text>', 'what the file says of itself')
    .requiredOption('-o, --output <out>', 'the detector file, written whole or not at all')
    .option('-q, --quiet', 'no progress, no summary')
    .addHelpText('after', help)
  for (const option of [deviceOption(), ...deviceOptionFlags()]) command.addOption(option)
  summarised(command, summary, fit)
}

async function fit(specs: readonly ScoreSpec[], flags: FitFlags): Promise<ObjectOf<typeof summary>> {
  if (specs.length === 0 && flags.networks === undefined)
    throw new UsageError('name a score to fit (xenograd fit --help lists them), or give --networks')
  if (flags.half && flags.networks === undefined)
    throw new UsageError('--half is for networks; give --networks')
  const detector = await detectorToAddTo(flags)
  const computes = detector.foreground ?? detector.genera ?? detector.classifier
  const device = computes && (await openChosenDevice(flags)).name
  const networks = new DetectorScores(detector, { ...(device && { device }) })
  try {
    checkSpecs(
      specs,
      networks.scores.map(({ name }) => name),
    )
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  const genera = new Set<string>(detector.genera?.keys() ?? detector.metadata.genera?.split(/,\s*/))
  const ofSequences = new Set<string>()
  const { sequences, samples } = await openSources(specs, flags)
  async function* noted(): AsyncGenerator<GenusSequence> {
    for await (const sequence of sequences) {
      ofSequences.add(sequence.genus)
      yield sequence
    }
  }
  const scores = await fitScores(specs, noted(), samples, networks.scores)
  for (const genus of ofSequences) genera.add(genus)
  const lead = scores.find(({ leadTracks }, i) => leadTracks && specs[i].kind.fittedOn === 'sequences')
  if (lead && ofSequences.size < 2)
    throw new InputError(
      `${lead.name}: is the lead of one genus over another, and all sequences are of ${[...ofSequences].join()}; give genomes of two genera or more`,
    )
  const origins = [
    ...(flags.reads ?? []),
    flags.genomes ?? [],
    flags.networks ?? [],
    flags.addTo ?? [],
  ].flat()
  await saveDetector(flags.output, {
    ...detector,
    scores: [...detector.scores, ...scores.map(score => score.store())],
    metadata: {
      ...detector.metadata,
      genera: [...genera].join(', '),
      description: flags.description ?? `fitted on ${origins.join(', ')}`,
    },
  })
  networks.dispose()
  if (!flags.quiet) say([flags.output, ...scores.map(describe)].join('\n  '))
  return {
    detector: flags.output,
    genera: [...genera],
    networks: detector.genera?.size,
    scores: scores.map(score => ({ name: score.name, kind: score.store().kind, bytes: bytesOf(score) })),
  }
}

/**
 * What the scores join: the detector of the command line and its networks, as far as it names some.
 * @throws CheckpointError as `loadDetector` and `loadGenera`.
 */
async function detectorToAddTo({ addTo, networks, half, output }: FitFlags): Promise<SavedDetector> {
  const { calibration: _, ...detector }: SavedDetector =
    addTo === undefined ? { path: output, scores: [], metadata: {} } : await loadDetector(addTo)
  if (networks === undefined) return detector
  if (detector.genera) throw new UsageError(`${addTo} has networks of genera: leave out --networks`)
  const withNetworks = { ...detector, genera: await loadGenera(networks) }
  return half ? halvedDetector(withNetworks) : withNetworks
}

const bytesOf = (score: StorableScore): number =>
  Object.values(score.store().arrays).reduce((sum, { byteLength }) => sum + byteLength, 0)

/** A score in a line: `kmers15: 134 MB`. */
function describe(score: StorableScore): string {
  const { name, settings } = score.store()
  const rate = settings.falsePositiveRate
  return (
    `${name}: ${Number((bytesOf(score) / 1e6).toPrecision(3))} MB` +
    (typeof rate === 'number' && rate > 0
      ? `, a foreign k-mer passes with probability ${rate.toExponential(1)}`
      : '')
  )
}

/** What to fit on: sequences, and labelled fragments if a score needs them. */
async function openSources(
  specs: readonly ScoreSpec[],
  flags: FitFlags,
): Promise<{ sequences: AsyncIterable<GenusSequence>; samples: LabelledFragments[] }> {
  const fitsSamples = specs.map(({ kind }) => (kind.fittedOn === 'scores' ? kind.fitsSamples : 'none'))
  const needsOthers = fitsSamples.includes('both')
  const needsLabels = needsOthers || fitsSamples.includes('known')
  const { genomes: manifest, reads = [], inDistribution, set, labelledSet, quiet } = flags
  const isGiven = manifest !== undefined || flags.reads !== undefined
  if (
    (manifest !== undefined && flags.reads !== undefined) ||
    (!isGiven && (needsLabels || needsSequences(specs)))
  )
    throw new UsageError('give either --genomes or --reads to fit on')
  if (manifest === undefined) {
    if (needsLabels)
      throw new UsageError(
        'gcRegressed and weightedSum are fitted on labelled fragments of genomes: give --genomes',
      )
    return { sequences: sequencesOfReads(reads, quiet), samples: [] }
  }
  const genomes = await readManifest(manifest)
  const partsOf = (known: boolean, name: string): GenomePart[] => {
    const parts = splitByParts(genomes.filter(({ group }) => (group === inDistribution) === known)).get(name)
    if (parts) return parts
    throw new InputError(
      `${manifest}: no genome whose set is ${known ? '' : 'other than '}'${inDistribution}' has a part for '${name}'`,
    )
  }
  const training = partsOf(true, set)
  const samples = needsLabels
    ? await sampleLabelled(partsOf(true, labelledSet), needsOthers ? partsOf(false, labelledSet) : [], flags)
    : []
  return { sequences: withProgress(training, quiet), samples }
}

const needsSequences = (specs: readonly ScoreSpec[]): boolean =>
  specs.some(({ kind }) => kind.fittedOn === 'sequences')

/** Fragments of each length from known and from other genera, as many of either; of no others if there are none. */
async function sampleLabelled(
  known: readonly GenomePart[],
  others: readonly GenomePart[],
  { lengths, perGenus, seed }: FitFlags,
): Promise<LabelledFragments[]> {
  const genera = (parts: readonly GenomePart[]) => new Set(parts.map(({ genome }) => genome.genus)).size
  const ofOthers = others.length > 0 ? Math.ceil((perGenus * genera(known)) / genera(others)) : 0
  const samples: LabelledFragments[] = []
  for (const length of lengths) {
    const inside = await sampleReads(known, { length, perGenus, seed })
    const outside = await sampleReads(others, { length, perGenus: ofOthers, seed: seed + 1 })
    const fragments = [...inside, ...outside].map(({ bases }) => bases)
    samples.push({ length, fragments, labels: new Uint8Array(fragments.length).fill(1, 0, inside.length) })
  }
  return samples
}

/** The sequences of genomes, with progress on stderr. */
async function* withProgress(parts: readonly GenomePart[], quiet = false): AsyncGenerator<GenusSequence> {
  const progress = startProgress(parts.length, { quiet })
  try {
    for (const [i, part] of parts.entries()) {
      progress.update(i, part.genome.genus)
      yield* sequencesOf([part])
    }
  } finally {
    progress.stop()
  }
}

/** Reads as sequences; their class is their genus or their label. */
async function* sequencesOfReads(paths: readonly string[], quiet = false): AsyncGenerator<GenusSequence> {
  const progress = startProgress(paths.length, { quiet })
  try {
    for (const [i, path] of paths.entries()) {
      progress.update(i, path)
      for await (const { bases, genus, label } of readReads(path))
        yield { genus: genus ?? String(label ?? 'unlabelled'), bases }
    }
  } finally {
    progress.stop()
  }
}

/** Commander hands over the specs one by one. */
function parseSpecArgument(text: string, earlier: readonly ScoreSpec[] = []): ScoreSpec[] {
  try {
    return [...earlier, parseSpec(text)]
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

function parseLengths(text: string): number[] {
  const lengths = text.split(',').map(Number)
  if (!lengths.every(length => Number.isInteger(length) && length >= 2))
    throw new InvalidArgumentError('Give whole numbers from 2 on, with commas between them.')
  return lengths
}
