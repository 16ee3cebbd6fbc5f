/** The data folder's door: reading, writing, sampling and synthesising reads of DNA. */
export { type AtomicWriter, openAtomic, writeFileAtomic } from './atomic.js'
export { type BatchOptions, TrainingBatches } from './batches.js'
export { crc32c, maskedCrc32c } from './crc32c.js'
export {
  findGenomes,
  type Genome,
  type GenomePart,
  numberGenera,
  readManifest,
  splitByParts,
  splitGenomes,
} from './genomes.js'
export { InputError } from './input-error.js'
export { findFiles, openDataset, readLabelDictionary, type Split, splits } from './layout.js'
export { mutate } from './mutate.js'
export { decode, encode, gcFraction, maxReadLength, type Read, reverseComplement, unknown } from './read.js'
export { type ReadOptions, readReads } from './read-reads.js'
export { collectReads, loadReads, type ReadSet, type ReadSetOptions } from './read-set.js'
export { type SampleOptions, sampleReads } from './sample.js'
export type { Source } from './source.js'
export { type SyntheticOptions, syntheticReads } from './synthetic.js'
export { writeChunks } from './write-chunks.js'
export { writeReads } from './write-reads.js'
