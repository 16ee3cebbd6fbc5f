import { choice, figure, list, object, optional, table, text, whole } from './schema.js'

const interval = { low: figure('lower bound of the interval'), high: figure('upper bound of the interval') }
const estimated = { value: figure('the estimate'), ...interval }
const estimate = (description: string) => object(estimated, description)
const batchMean = { ...estimated, batches: whole('batches that the mean is over') }
const correlation = (of: string) =>
  object({ pearson: figure("Pearson's"), spearman: figure("Spearman's") }, `of ${of}`)
const classSize = (description: string) =>
  object(
    {
      reads: whole('reads that were evaluated'),
      dropped: whole('reads left out because a score of theirs is undefined'),
    },
    description,
  )

const ofScore = object(
  {
    score: text('its name'),
    auroc: estimate('AUROC; in-distribution reads are the positive class here and below'),
    auprcIn: estimate('AUPRC with in-distribution reads as the positive class'),
    auprcOod: estimate('AUPRC with out-of-distribution reads as the positive class'),
    fpr80: estimate('false-positive rate at a true-positive rate of 80 %'),
    fpr95: estimate('false-positive rate at a true-positive rate of 95 %'),
    meanBatchAuroc: object(batchMean, 'mean AUROC of batches, as the reference programs report it'),
    undefinedScores: object(
      { inDistribution: whole('in-distribution reads'), outOfDistribution: whole('the others') },
      'reads whose score is undefined',
    ),
    gcCorrelation: optional(
      object(
        {
          all: correlation('all reads'),
          inDistribution: correlation('in-distribution reads'),
          outOfDistribution: correlation('out-of-distribution reads'),
        },
        'correlation with GC content',
      ),
    ),
  },
  'a score',
)

const comparison = object(
  {
    score: text('the score'),
    against: text('the score that it is compared with'),
    difference: estimate('its AUROC minus the AUROC of the other'),
    t: figure('the statistic of the paired test'),
    degreesOfFreedom: figure('of the statistic'),
    p: figure('the two-sided p-value'),
  },
  'a paired test',
)

const group = object(
  {
    by: choice(['genus', 'length', 'relation'], 'what the group is by'),
    group: text('the genus, the class of lengths, or near or far'),
    distribution: choice(['in', 'ood', 'both'], 'whose reads are picked; of the other class all count'),
    readsIn: whole('in-distribution reads'),
    readsOod: whole('out-of-distribution reads'),
    auroc: table(estimate('AUROC of a score'), 'by the name of the score'),
  },
  'some of the reads',
)

/** What the summary of an evaluation has: its sources, and what was found. */
export const evaluationSummary = {
  tables: optional(text('the tables of scores, with commas between them')),
  foreground: optional(text('the detector, or the foreground model')),
  background: optional(text('the background model')),
  inDistribution: classSize('in-distribution reads'),
  outOfDistribution: classSize('out-of-distribution reads'),
  intervals: object(
    {
      confidence: figure('of all intervals'),
      seed: whole('seed of the bootstrap'),
      replicates: whole('replicates of the bootstrap'),
      unit: choice(['read', 'genome', 'genus'], 'what is independent of each other'),
      batchSize: whole('reads of each class in the batches of meanBatchAuroc'),
    },
    'how intervals were made',
  ),
  scores: list(ofScore, 'scores, the baseline first'),
  comparisons: list(comparison, 'every later score against the first'),
  groups: list(group, 'by genus, by length, and near and far genera'),
  loggedAurocs: optional(
    list(
      object(
        {
          ...batchMean,
          run: text('the training'),
          from: whole('first step of the window'),
          to: whole('last step'),
        },
        'the mean of the AUROCs that a training logged',
      ),
      'of the trainings named with --runs',
    ),
  ),
}
