/** The data folder's door: reading, writing, sampling and synthesising reads of DNA. */

export { type BatchOptions, TrainingBatches } from './batches.js'
export type { Source } from './formats/source.js'
export {
  findGenomes,
  type Genome,
  type GenomePart,
  numberGenera,
  readManifest,
  splitByParts,
  splitGenomes,
} from './genomes.js'
export { type AtomicWriter, openAtomic, writeFileAtomic } from './io/atomic.js'
export { crc32c, maskedCrc32c } from './io/crc32c.js'
export { InputError } from './io/inputError.js'
export { writeChunks } from './io/writeChunks.js'
export { findFiles, openDataset, readLabelDictionary, type Split, splits } from './layout.js'
export { mutate } from './mutate.js'
export { decode, encode, gcFraction, maxReadLength, type Read, reverseComplement, unknown } from './read.js'
export { type ReadOptions, readReads } from './readReads.js'
export { collectReads, loadReads, type ReadSet, type ReadSetOptions } from './readSet.js'
export { type SampleOptions, sampleReads } from './sample.js'
export { type SyntheticOptions, syntheticReads } from './synthetic.js'
export { writeReads } from './writeReads.js'
