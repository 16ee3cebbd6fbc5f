/** The data folder's door: reading, writing, sampling and synthesising reads of DNA. */
export { type AtomicWriter, openAtomic, writeFileAtomic } from './atomic.js'
export { crc32c, maskedCrc32c } from './crc32c.js'
export { InputError } from './input-error.js'
export { findFiles, openDataset, readLabelDictionary, type Split, splits } from './layout.js'
export { decode, encode, gcFraction, maxReadLength, type Read, reverseComplement, unknown } from './read.js'
export { type ReadOptions, readReads } from './read-reads.js'
export type { Source } from './source.js'
export { writeReads } from './write-reads.js'
