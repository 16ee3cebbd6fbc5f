import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { findFiles, gcFraction, InputError, type Read, type Split } from '../data/index.js'
import type { ClusterUnit } from '../eval/index.js'
import type { Score } from '../eval/scores/index.js'
import { DetectorScores } from '../model/index.js'
import type { SumOfScores } from './crossValidatedSums.js'
import { openChosenDevice } from './deviceOptions.js'
import type { ReportSource } from './evaluationReport.js'
import { UsageError } from './failure.js'
import {
  formatFragment,
  fragmentHeader,
  type GivenTable,
  originOf,
  readFragmentTable,
} from './fragmentTable.js'
import { openInput } from './input.js'
import { methodsOf, scoreFragments } from './modelScores.js'
import { loadChosenDetector } from './models.js'
import { writeTable } from './output.js'
import { say } from './progress.js'
import { ScoredSet, type SetName, setNames } from './scoredSet.js'
import { batchOf, prepare, type ScoringFlags, sayBanner } from './scoring.js'
import { Tally } from './tally.js'

/** What the command line says of models and reads. */
export type SourceFlags = ScoringFlags & {
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
  cluster: ClusterUnit
  near?: string
  sum?: SumOfScores[]
  tsv?: string
}

/** What the command line says of tables of scores. */
export type TablesFlags = {
  scoresTsv?: string[]
  inScores?: string[]
  oodScores?: string[]
}

/** Where the scores of an evaluation come from, and what the report says of it. */
export type EvaluationSource = ReportSource & {
  readonly names: readonly string[]
  /** Near genera that the source itself knows of. */
  readonly near?: readonly string[] | undefined
  /** The scored reads of both sets; this is what takes time. */
  score(): Promise<Readonly<Record<SetName, ScoredSet>>>
}

/** The tables of scores that a command line names instead of models and reads; undefined for none. */
export function tablesOf({ scoresTsv, inScores, oodScores }: TablesFlags): GivenTable[] | undefined {
  const tables = [
    ...(scoresTsv ?? []).map(path => ({ path })),
    ...(inScores ?? []).map(path => ({ path, set: 'in' as const })),
    ...(oodScores ?? []).map(path => ({ path, set: 'ood' as const })),
  ]
  return tables.length ? tables : undefined
}

/** Scores in tables. @throws InputError as `readFragmentTable`. */
export async function tablesSource(tables: readonly GivenTable[]): Promise<EvaluationSource> {
  const { names, sets, near } = await readFragmentTable(...tables)
  const paths = tables.map(({ path }) => path)
  return {
    names,
    near,
    title: `${paths.map(path => basename(path)).join(', ')}: in- against out-of-distribution`,
    facts: { tables: paths.join(', ') },
    score: async () => sets,
  }
}

/**
 * Scores of models, of reads whose first ones have been looked at.
 * @throws UsageError for missing options; InputError for first reads that cannot be read or lack what is asked for; what
 * `loadChosenDetector` throws.
 */
export async function modelSource(flags: SourceFlags): Promise<EvaluationSource> {
  const foreground = flags.foreground ?? flags.modelDirFrgd ?? missing('foreground')
  const background = flags.background ?? flags.modelDirBkgd
  const inDistribution = flags.in ?? listOf(flags.inTestDataDir) ?? missing('in')
  const outOfDistribution = flags.ood ?? listOf(flags.oodTestDataDir) ?? missing('ood')
  const device = await openChosenDevice(flags)
  const paths = { in: await filesOf(inDistribution, 'in'), ood: await filesOf(outOfDistribution, 'ood') }
  const saved = await loadChosenDetector({ foreground, background, cell: flags.cell, step: flags.ckptStep })
  for (const set of setNames) await checkFirstRead(paths[set], wantedOf(set, flags))
  if (!flags.quiet) sayBanner(device, saved, flags)
  const { bothStrands = saved.calibration?.bothStrands ?? false } = flags
  const batch = batchOf(flags, saved)
  const detector = new DetectorScores(saved, { device: device.name, batch, bothStrands })
  const scores = methodsOf(detector, saved.background !== undefined)
  return {
    names: scores.map(({ name }) => name),
    title: `${basename(saved.path)}: in- against out-of-distribution reads`,
    // Other methods have units of their own.
    ...(saved.scores.length === 0 && { unit: 'nats per base' }),
    facts: { foreground: saved.foreground?.path ?? saved.path, background: saved.background?.path },
    async score() {
      await prepare(detector, flags.quiet)
      return scoreSets(scores, paths, { ...flags, batch })
    },
  }
}

/** Scores the reads of both sets; writes the table of them if it is wanted. */
async function scoreSets(
  scores: readonly Score[],
  paths: Readonly<Record<SetName, readonly string[]>>,
  flags: SourceFlags & { batch: number },
): Promise<Record<SetName, ScoredSet>> {
  const names = scores.map(({ name }) => name)
  const interned = new Map<string, string>()
  const sets = { in: new ScoredSet(names, interned), ood: new ScoredSet(names, interned) }
  async function* rows(): AsyncGenerator<string> {
    yield fragmentHeader(names)
    for (const set of setNames) {
      const tally = new Tally()
      const input = await openInput(paths[set], flags.nSamples)
      const reads = withOrigin(input.reads, wantedOf(set, flags))
      for await (const batch of scoreFragments(scores, { ...input, reads }, tally, flags)) {
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
  const { genus: first, genome } = originOf(name)
  return {
    ...{ name, genus, length: bases.length, gc: gcFraction(bases) },
    genome: first === genus ? genome : undefined,
  }
}

/** What every read of a set must say of itself, and which options want it. */
type Wanted = readonly { readonly set: SetName; readonly unit: 'genus' | 'genome'; readonly by: string }[]

const wantedOf = (set: SetName, { cluster, near, sum }: SourceFlags): Wanted => [
  ...(cluster === 'read' ? [] : [{ set, unit: cluster, by: `--cluster ${cluster}` }]),
  ...(sum !== undefined ? [{ set, unit: 'genus' as const, by: '--sum' }] : []),
  ...(near !== undefined && set === 'ood' ? [{ set, unit: 'genus' as const, by: '--near' }] : []),
]

/** The same reads; ends at the first that does not say what is wanted. @throws InputError that names it. */
async function* withOrigin(reads: AsyncIterable<Read>, wanted: Wanted): AsyncGenerator<Read> {
  for await (const read of reads) {
    const described = describe(read)
    for (const { set, unit, by } of wanted)
      if (described[unit] === undefined)
        throw new InputError(
          `--${set}: read ${read.name} does not say its ${unit}, which ${by} needs; write '>Genus|genome|… genus=Genus' in FASTA, or leave ${by} out`,
        )
    yield read
  }
}

/**
 * Looks at the first read of a set, where that can be read twice.
 * @throws InputError when it cannot be read, or lacks what is wanted.
 */
async function checkFirstRead([path]: readonly string[], wanted: Wanted): Promise<void> {
  const info = path === '-' ? undefined : await stat(path).catch(() => undefined)
  if (!info?.isFile()) return
  const { reads } = await openInput([path], 1)
  for await (const _ of withOrigin(reads, wanted));
}

const listOf = (path: string | undefined): string[] | undefined => (path === undefined ? undefined : [path])

/** @throws UsageError: the option is needed. */
function missing(name: string): never {
  throw new UsageError(`--${name} is missing (see xenograd evaluate --help)`)
}

/** The files of a set; in a folder those of the test split, or of the validation split if its name says so. */
async function filesOf(paths: readonly string[], set: SetName): Promise<string[]> {
  const split = (path: string): Split =>
    basename(path).includes(`${set}_val`) ? `${set}_val` : `${set}_test`
  return (await Promise.all(paths.map(path => findFiles(path, split(path))))).flat()
}
