import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { writeFileAtomic } from '../data/index.js'
import { version } from '../model/index.js'
import type { Tally } from './tally.js'

/** What a report says of a sample. */
export type Sample = {
  readonly name: string
  /** The score that calls are of, and whether there are calls. */
  readonly score: string
  readonly isCalibrated: boolean
  readonly tally: Tally
}

/** The name of a sample: that of its first file without what only says the format. */
export const sampleName = (first: string): string =>
  basename(first).replace(/(\.(gz|bz2|xz|zst|fq|fastq|fa|fasta|fna|tsv|tfrecord))+$/i, '') || 'sample'

/**
 * Writes what was found in a sample as custom content of MultiQC (https://docs.seqera.io/multiqc/custom_content), which
 * collects the files `*_mqc.json` of all samples: columns of the general statistics, and two plots.
 * @throws Error when a file cannot be written.
 */
export async function writeMultiqc(folder: string, sample: Sample): Promise<void> {
  await mkdir(folder, { recursive: true })
  const contents = { general: generalStatistics(sample), calls: calls(sample), scores: scores(sample) }
  for (const [name, content] of Object.entries(contents)) {
    const path = join(folder, `${sample.name}_xenograd_${name}_mqc.json`)
    await writeFileAtomic(path, `${JSON.stringify(content, undefined, 2)}\n`)
  }
}

/** What all sections are below. */
const parent = () => ({
  parent_id: 'xenograd',
  parent_name: 'Xenograd',
  parent_description: `tells reads of unknown bacteria from reads of known ones; version ${version()}`,
})

const percentage = (part: number, whole: number) => (whole ? (100 * part) / whole : 0)

/** What stands in the table of all samples. */
function generalStatistics({ name, isCalibrated, tally }: Sample) {
  const { reads, bases, unknownBases, undefinedScores, calls } = tally
  const called = calls.known + calls.unknown
  const percent = { min: 0, max: 100, suffix: '%' }
  const columns = {
    ...(isCalibrated && {
      xenograd_unknown: {
        ...{ title: '% unknown', description: 'Rows called unknown, of those with a call', scale: 'OrRd' },
        ...percent,
      },
    }),
    xenograd_reads: {
      ...{ title: 'Reads', description: 'Reads that were scored', min: 0, format: '{:,.0f}', scale: 'Blues' },
    },
    xenograd_without: {
      ...{ title: '% no score', description: 'Reads too short for a score', scale: 'Greys', hidden: true },
      ...percent,
    },
    xenograd_foreign: {
      ...{
        title: '% not ACGT',
        description: 'Bases that are not A, C, G or T',
        scale: 'Greys',
        hidden: true,
      },
      ...percent,
    },
  }
  return {
    id: 'xenograd_general',
    plot_type: 'generalstats',
    namespace: 'Xenograd',
    pconfig: Object.entries(columns).map(([id, column]) => ({ [id]: column })),
    data: {
      [name]: {
        ...(isCalibrated && { xenograd_unknown: percentage(calls.unknown, called) }),
        xenograd_reads: reads,
        xenograd_without: percentage(undefinedScores, reads),
        xenograd_foreign: percentage(unknownBases, bases),
      },
    },
  }
}

/** How many rows are called what; without calls, how many have a score. */
function calls({ name, isCalibrated, tally }: Sample) {
  const { reads, undefinedScores, calls } = tally
  return {
    id: 'xenograd_calls',
    ...parent(),
    section_name: isCalibrated ? 'Known and unknown' : 'Scored reads',
    description: isCalibrated
      ? 'Calls by conformal p-values: of reads of known genera, no more than the chosen rate are called unknown by mistake.'
      : 'Reads with and without a score; a calibrated detector would call them known or unknown.',
    plot_type: 'bargraph',
    pconfig: { id: 'xenograd_calls_plot', title: 'Xenograd: calls', ylab: 'Reads' },
    categories: isCalibrated
      ? { known: { name: 'known' }, unknown: { name: 'unknown' }, none: { name: 'no p-value' } }
      : { scored: { name: 'scored' }, none: { name: 'no score' } },
    data: {
      [name]: isCalibrated
        ? { known: calls.known, unknown: calls.unknown, none: calls.NA }
        : { scored: reads - undefinedScores, none: undefinedScores },
    },
  }
}

/** The distribution of the score, as a density: samples with bins of other widths, and of other sizes, can be compared. */
function scores({ name, score, tally }: Sample) {
  const bins = tally.scores.bins()
  const total = bins.reduce((sum, { count }) => sum + count, 0)
  const points = bins.map(({ low, high, count }) => [(low + high) / 2, count / total / (high - low)] as const)
  return {
    id: 'xenograd_scores',
    ...parent(),
    section_name: 'Scores',
    description: 'Scores of reads, higher for reads like those that the detector knows.',
    plot_type: 'linegraph',
    pconfig: {
      ...{ id: 'xenograd_scores_plot', title: 'Xenograd: scores', xlab: score, ylab: 'Density' },
      ...{ ymin: 0 },
    },
    // MultiQC takes a sample without points for one without content.
    data: { [name]: Object.fromEntries(points.length ? points : [[0, 0]]) },
  }
}
