import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Shard } from '../../data/index.js'
import { DetectorScores, type SavedDetector } from '../../model/index.js'
import { openChosenDevice } from '../deviceOptions.js'
import { UsageError } from '../failure.js'
import { inputPaths, openFiles } from '../input.js'
import { watchInterrupts } from '../interrupt.js'
import { loadChosenDetector } from '../models.js'
import { sampleName, writeMultiqc } from '../multiqc.js'
import { parseShard } from '../options.js'
import { say } from '../progress.js'
import { list, type ObjectOf, object, optional, text, whole } from '../schema.js'
import {
  Groups,
  parseGrouping,
  type ScoresOfTable,
  type TableFlags,
  writeScores,
} from '../scoreTable/index.js'
import {
  batchOf,
  prepare,
  type ScoringFlags,
  ScoringProgress,
  sayBanner,
  scoringOptions,
} from '../scoring.js'
import { summarised } from '../summary.js'
import { Tally } from '../tally.js'

type ScoreFlags = ScoringFlags &
  TableFlags & {
    foreground?: string
    background?: string
    input?: string[]
    groupBy?: string
    shard?: Shard
    by?: string
    maxForeign: number
    multiqc?: string
    sample?: string
  }

const help = `
MODEL is a detector's file (xenograd calibrate and xenograd fit write such files), or a single model: a safetensors file,
a run directory (its newest checkpoint), or the prefix of a TensorFlow V2 checkpoint. Without --foreground the trained
detector that comes with the package is used, and says what it knows.

Output: tab-separated, a header that starts with #, one row per read in input order:
  read  length  gc  ll_fg  ll_bg  llr  p  call  file
  ll_fg, ll_bg   log-likelihood under the foreground and the background model: mean nats per predicted base
                 (the first base of a read is not predicted). Higher = more like the training reads.
  llr            ll_fg - ll_bg. Higher = in-distribution (other tools have it the other way round).
  mlr, odds      of a detector with a network for each genus: the greatest of their mean log-likelihoods minus that of the
                 read's own chain of order 2; the lead of the likeliest genus over the second, in nats
                 A detector's other scores have a column each, higher = in-distribution, too.
  gc             fraction of G and C among the known bases
  p, call        of a calibrated detector: the share of in-distribution fragments of like length that score as low
                 (a conformal p-value), and 'unknown' where it is at most --fpr, else 'known'. Between two
                 lengths that were calibrated, the scores of both are interpolated; a length beyond the longest has the
                 p-value of the longest (leads, which grow with the length, are taken per base then), one below the
                 shortest none (NA). Of the fragments of known genera, --fpr are called unknown by mistake.
  file           where the read is from, if there are several files
  NA             not defined: no background model, a read with fewer than two known bases in a row, no p-value

--paired: both mates in one row, /1 and /2 taken off their names. Scores are means over the predictions of both; leads of
genera (odds, genusOdds, genusLeads, pooledOdds) those of what each genus has to say for both, summed. The p-value is twice the mean of
theirs, which is valid however much mates depend on each other.
--group-by: one row per group, its evidence summed in the same way, with its number n of reads that have a score, and the
95 % interval (low, high) of the main score over them (NA for one): if low is above 0, the likeliest genus leads all others,
as in a bin of a known genus, whose reads agree. BY is a pattern with a group in parentheses that is
matched with names ('^([^_]+)_'), file, genus, or a table with tabs, names first, groups second (bins.tsv, or
bins.tsv:COLUMN with a header line). Memory grows with the number of groups.

--track: what each base adds to the log-likelihood ratio in nats, as bedGraph. A detector without foreground has what it adds
to the lead of its last score of genera that can tell (odds, genusOdds, genusLeads, pooledOdds of such); --by chooses another
such score, also in a detector with a foreground. Alignments with proteins are spread evenly over their bases (genusOdds) or
counted codon by codon (genusLeads), and a comment before each read says which genus leads over which, for genusLeads by
what. The values of a read sum to its lead.

--shard I/N: the reads that begin in part I of the files' bytes, for N processes or machines; every read is in one part.
The first part has the header line (and that of --track), so that cat of all tables, in order, is the table of the whole,
byte for byte. Files are plain or bgzip's; other compressed files (gzip, zstd) are not cut, each of several is in one part
as a whole. Reads must have names. Not with --paired, --group-by, --bh and --multiqc, which need the reads of other parts.

Input: FASTA, FASTQ, TFRecord (the reference's) or TSV, plain, gzip, zstd, xz or bzip2, told apart by their content; - is
standard input, which is also read when no file is given. Lower case is accepted, U is T. At a base outside ACGT its own
prediction and the next are skipped; such bases are counted and reported. Protein, SAM and the like are refused by name.
A file without reads gives a table without rows, and a warning. Damaged input: rows for the reads before the damage are
written to standard output (--output FILE is left as it was), the message names file, place and read, exit code 3.

Reads of any length are scored, whole chromosomes, too, in bounded memory: a read goes through a network in windows, the
state carried from one to the next. A record of more than 65,536 bases is scored in stretches of 8,192 side by side, each
with the state that the 1,024 bases before it leave behind; its log-likelihood is the sum over the stretches.
Where a read ends its row of the batch takes the next one: files of mixed lengths cost what their bases cost. A score does
not depend on what it is scored with, on --batch or on --threads, to the bit; but with a BLAS library whose kernels round
rows differently (OpenBLAS on processors without AVX-512) in its last digits: --blas off, if that matters.

The banner and the summary go to standard error if that is a terminal or --output is a file; elsewhere there is one
line of progress a minute.`

const summary = {
  detector: text('the detector, or the foreground model'),
  files: list(text('a file, or - for standard input'), 'the input, in order'),
  output: text('where the table is; - for standard output'),
  scores: list(text('a column of the table'), 'the scores, in order'),
  reads: whole('reads that were scored'),
  bases: whole('bases of these reads'),
  unknownBases: whole('bases that are not A, C, G or T'),
  undefinedScores: whole('reads without a score (NA)'),
  replacedNames: whole('reads in whose names characters were replaced'),
  calls: optional(
    object(
      { known: whole('called known'), unknown: whole('called unknown'), NA: whole('without a p-value') },
      'rows of the table by their calls, of a calibrated detector',
    ),
  ),
}

/** `xenograd score`: reads in, a table of log-likelihoods out. */
export function register(program: Command): void {
  const command = program
    .command('score')
    .description('score reads: log-likelihoods, their ratio, p-values and calls, as TSV')
    .argument('[reads...]', 'files of reads; - is standard input')
    .option(
      '-m, --foreground <model>',
      "detector, or model of in-distribution reads (default: the package's detector)",
    )
    .option('-b, --background <model>', 'model of the background, if --foreground is a single model')
    .option('-i, --input <file...>', 'the same as naming files without it')
    .option(
      '-o, --output <out>',
      'where the table goes, whole or not at all; compressed if it ends in .gz',
      '-',
    )
    .option('--paired', 'mates: two files for each sample (R1 R2), or one with both in turn')
    .option(
      '--group-by <by>',
      'one row per group: a pattern with ( ), file, genus, or a table of names and groups',
    )
    .option('--by <score>', 'the score that p-values, calls and intervals are of (default: the last column)')
    .option('--fpr <rate>', 'share of known reads that may be called unknown (default: 0.05)', parseRate)
    .option('--bh', 'make --fpr the share of mistakes among the calls of unknown (Benjamini and Hochberg)')
    .addOption(
      new Option('--keep <call>', 'write reads of this call to --reads-out').choices(['known', 'unknown']),
    )
    .option(
      '--reads-out <out>',
      'where kept reads go, as they were: FASTA, or FASTQ by its name; .gz compresses',
    )
    .addOption(
      new Option(
        '--track <out>',
        'write the log-likelihood ratio, or the lead of a genus, base by base, as bedGraph',
      ).conflicts(['paired', 'bothStrands']),
    )
    .option('--multiqc <out-folder>', 'write calls, scores and counts for MultiQC: files SAMPLE_…_mqc.json')
    .option('--sample <name>', "of --multiqc: the sample's name (default: that of the first file)")
    .option(
      '--shard <i/n>',
      'score only part I of N of the input, cut by bytes; the tables of all parts, in their order, are the whole one',
      parseShard,
    )
    .option(
      '--max-foreign <share>',
      'refuse reads with more letters than this that stand for no nucleotide, as protein has them',
      parseShare,
      0.1,
    )
    .addHelpText('after', help)
  for (const option of scoringOptions()) command.addOption(option)
  summarised(command, summary, score)
}

/** Parses a number above 0 and below 1, for commander. */
function parseRate(text: string): number {
  const rate = Number(text)
  if (!(rate > 0 && rate < 1)) throw new InvalidArgumentError('Give a number between 0 and 1.')
  return rate
}

/** Parses a number from 0 to 1, for commander. */
function parseShare(text: string): number {
  const share = Number(text)
  if (text.trim() === '' || !(share >= 0 && share <= 1))
    throw new InvalidArgumentError('Give a number from 0 to 1.')
  return share
}

async function score(files: string[], flags: ScoreFlags): Promise<ObjectOf<typeof summary>> {
  const paths = inputPaths([...(flags.input ?? []), ...files])
  checkCombination(flags)
  const grouping = flags.groupBy === undefined ? undefined : await parseGrouping(flags.groupBy)
  watchInterrupts()
  const device = await openChosenDevice(flags)
  const saved = await loadChosenDetector(flags)
  const chatty = !flags.quiet && (process.stderr.isTTY || flags.output !== '-')
  // Where nobody has said which detector to take, what it knows must be said.
  if (chatty || (flags.foreground === undefined && !flags.quiet)) sayBanner(device, saved, flags)

  const tally = new Tally()
  const input = await openFiles(paths, {
    shard: flags.shard,
    maxForeign: flags.maxForeign,
    keepText: flags.readsOut !== undefined,
    onEmpty: message => say(`xenograd score: ${message}`),
  })
  const bothStrands = strandsOf(saved, flags)
  const batch = batchOf(flags, saved)
  const progress = new ScoringProgress(input, tally, flags.quiet)
  const detector = new DetectorScores(saved, {
    device: device.name,
    batch,
    bothStrands,
    trackOf: flags.by,
    onProgress: bases => progress.predicted(bases / detector.passes),
  })
  const table = scoresOf(saved, detector, flags)
  const groups = grouping && new Groups(grouping, table)
  try {
    await prepare(detector, flags.quiet)
    await writeScores({
      ...flags,
      batch,
      detector,
      table,
      input,
      progress,
      ...(groups && { groups }),
      hasFiles: paths.length > (flags.paired ? 2 : 1),
    })
  } finally {
    progress.stop()
    for (const warning of [tally.warning(), groups?.warning()]) if (warning) say(`xenograd score: ${warning}`)
  }
  if (flags.multiqc !== undefined)
    await writeMultiqc(flags.multiqc, {
      name: flags.sample ?? sampleName(input.names[0]),
      score: table.names[table.main],
      isCalibrated: table.calibration !== undefined,
      tally,
    })
  if (chatty) say(`${tally.reads} reads scored, ${tally.readsPerSecond}`)
  return {
    detector: saved.path,
    files: input.names,
    output: flags.output,
    scores: table.names,
    ...tally.summary(),
  }
}

/** @throws UsageError for options that make no sense together. */
function checkCombination(flags: ScoreFlags): void {
  const { keep, readsOut, groupBy, multiqc, sample } = flags
  if (sample !== undefined && multiqc === undefined)
    throw new UsageError('--sample is the name of a sample in the files of --multiqc; give that, too')
  if (sample?.match(/^[.]*$|[/\\\0]/))
    throw new UsageError(`--sample ${sample}: is part of files' names; give a name without slashes`)
  if (flags.shard) checkWithShard(flags)
  if ((keep === undefined) !== (readsOut === undefined))
    throw new UsageError('--keep and --reads-out go together: which reads to write, and where')
  if (keep !== undefined && groupBy !== undefined)
    throw new UsageError(
      '--keep writes reads by their own calls; with --group-by there are calls of groups only',
    )
}

/** @throws UsageError for options whose rows or counts are of the whole input. */
function checkWithShard({ paired, groupBy, bh, multiqc }: ScoreFlags): void {
  const whole = [
    paired && '--paired',
    groupBy !== undefined && '--group-by',
    bh && '--bh',
    multiqc !== undefined && '--multiqc',
  ].filter(Boolean)
  if (whole.length)
    throw new UsageError(
      `--shard and ${whole.join(', ')}: a mate, reads of a group, and the p-values and counts of all reads are in other shards; score without --shard`,
    )
}

/**
 * Whether both strands are scored: as the detector was calibrated, if nothing is said.
 * @throws UsageError if it was not so, and for a track of both.
 */
function strandsOf({ path, calibration }: SavedDetector, { bothStrands, track }: ScoreFlags): boolean {
  if (bothStrands && calibration && !calibration.bothStrands)
    throw new UsageError(
      `${path} is calibrated without --both-strands, its p-values would be wrong with it; calibrate it anew with --both-strands`,
    )
  const both = bothStrands ?? calibration?.bothStrands ?? false
  if (both && track !== undefined)
    throw new UsageError(
      `--track: ${path} is calibrated with --both-strands, and a track is of one strand; calibrate it anew without`,
    )
  return both
}

/** What the table shows, and which score calls are of. @throws UsageError for a score or a calibration that is missing. */
function scoresOf(
  { path, calibration }: SavedDetector,
  detector: DetectorScores,
  flags: ScoreFlags,
): ScoresOfTable {
  const names = detector.scores.map(({ name }) => name)
  const main = flags.by === undefined ? detector.main : names.indexOf(flags.by)
  if (main < 0)
    throw new UsageError(`--by ${flags.by}: there is no such score; ${path} has ${names.join(', ')}`)
  if (flags.track !== undefined && !detector.tracked)
    throw new UsageError(
      `--track: ${path} has neither networks nor genusOdds or genusLeads, only they tell base by base how a score comes about`,
    )
  const ofMain = calibration?.scores.get(names[main])
  const wanted = [flags.fpr && '--fpr', flags.bh && '--bh', flags.keep && '--keep'].filter(Boolean)
  if (!ofMain && wanted.length)
    throw new UsageError(
      `${wanted.join(', ')}: ${path} has no calibration of ${names[main]}; make one from held-out reads of known genera with xenograd calibrate`,
    )
  const poolings = detector.scores.map(({ summed }) => summed?.contrasts)
  return { names, poolings, main, calibration: ofMain }
}
