import { findFiles, loadReads, type Read, type ReadSet, type Split } from '../../data/index.js'
import type { ClassifierSettings } from '../classifierSettings.js'
import { absentByDefault, dataOf } from '../dataOf.js'
import { lengthOf, limitOf, readsOf, sampleValidation } from '../validationData.js'

/** Reads with the classes that they should be told to be of; -1 for none. */
export type LabelledReads = { readonly reads: readonly Uint8Array[]; readonly classes: ArrayLike<number> }

export type ClassifierValidationData = {
  readonly inDistribution: LabelledReads
  readonly outOfDistribution: readonly Uint8Array[]
}

/**
 * What settings say to validate a classifier on, as for generative models; undefined for nothing. `labels`: numbers of
 * the classes, for reads that come with a genus.
 * @throws SettingsError for data that are named and cannot be read.
 */
export async function loadClassifierValidation(
  settings: ClassifierSettings,
  labels: ReadonlyMap<string, number>,
): Promise<ClassifierValidationData | undefined> {
  if (!absentByDefault(settings, 'in_val_data_dir')) {
    const reads = await loadSplit('in_val_data_dir', 'in_val', settings, labels)
    const hasOther = !absentByDefault(settings, 'ood_val_data_dir')
    const other = hasOther && (await loadSplit('ood_val_data_dir', 'ood_val', settings, labels))
    return {
      inDistribution: { reads: readsOf(reads), classes: reads.labels },
      outOfDistribution: other ? readsOf(other) : [],
    }
  }
  const sampled = await sampleValidation(settings, labels)
  const basesOf = (reads: readonly Read[]) => reads.map(read => read.bases)
  return (
    sampled && {
      inDistribution: {
        reads: basesOf(sampled.inDistribution),
        classes: sampled.inDistribution.map(read => read.label ?? -1),
      },
      outOfDistribution: basesOf(sampled.outOfDistribution),
    }
  )
}

const loadSplit = (
  setting: 'in_val_data_dir' | 'ood_val_data_dir',
  split: Split,
  settings: ClassifierSettings,
  labels: ReadonlyMap<string, number>,
): Promise<ReadSet> =>
  dataOf(setting, async () => {
    const limit = limitOf(settings)
    const files = await findFiles(settings[setting], split)
    return loadReads(files, { length: lengthOf(settings), labels, ...(limit && { limit }) })
  })
