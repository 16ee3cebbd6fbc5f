/**
 * Reads of DNA: reading and writing them, sampling them from genomes, making synthetic ones, and cutting a training set
 * into batches. This is the folder's door.
 *
 * A file's way into a training: `readReads` opens a source, finds out its format (`formats/`) and gives its reads
 * (`read`) one by one (`readStretch`: those of a part of a file, for work in `shards/`); `readSet` collects those of one length; `batches` mixes them anew every epoch (`random`) and has
 * them mutated (`mutate`). `layout` finds the files of a data set. `genomes` are found and divided among sets, their
 * runs of known bases are `segments` (all of them are the `sequences` that scores are fitted on), and `fragments` are
 * batches that are sampled from these on the fly. `sample`, or `synthetic`, makes reads that `writeReads` writes.
 *
 * Imports point down: io and read < formats and random < shards < readReads, writeReads, mutate, layout, genomes < readSet,
 * segments, synthetic < batches, sample, sequences < fragments. `io/` knows nothing of DNA, and nothing here knows
 * tensors: random numbers come from engine/hostRandom.
 */
export { type BatchOptions, TrainingBatches } from './batches.js'
export { type Composition, compositionOf } from './composition.js'
export { type Encoder, encoderFor, type Source } from './formats/index.js'
export {
  FragmentBatches,
  type FragmentOptions,
  type FragmentSource,
  genomeSources,
  lengthsBetween,
  recordSources,
} from './fragments.js'
export {
  findGenomes,
  type Genome,
  type GenomePart,
  numberGenera,
  openGenomes,
  partsCalled,
  readManifest,
  splitByParts,
  splitGenomes,
  trainingParts,
} from './genomes.js'
export { checkBases, checkObject, checkReads, checkString, describeValue } from './io/arguments.js'
export { type AtomicWriter, openAtomic, writeFileAtomic } from './io/atomic.js'
export { crc32c, maskedCrc32c } from './io/crc32c.js'
export { FolderInUseError, FolderLock } from './io/folderLock.js'
export { EmptyInputError, InputError } from './io/inputError.js'
export { parseJson } from './io/json.js'
export { printable, quoting, replacement } from './io/printable.js'
export { type FieldReader, type FieldReaders, readMessage, readVarint } from './io/protobuf.js'
export { frameRecord } from './io/records.js'
export { removeAtExit, temporaryFile } from './io/temporary.js'
export { openForChunks, writeChunks } from './io/writeChunks.js'
export { findFiles, openDataset, readLabelDictionary, type Split, splits } from './layout.js'
export { hasLongRecord } from './longRecords.js'
export { mutate } from './mutate.js'
export { decode, encode, gcFraction, maxReadLength, type Read, reverseComplement, unknown } from './read.js'
export { type ReadOptions, readReads, readStretch } from './readReads.js'
export { collectReads, loadReads, type ReadSet, type ReadSetOptions } from './readSet.js'
export { type SampleOptions, sampleReads } from './sample.js'
export { type GenusSequence, sequencesOf } from './sequences.js'
export { type SeekableFile, type Shard, type Stretch, stretchesOf } from './shards/index.js'
export { type SyntheticOptions, syntheticReads } from './synthetic.js'
export { writeReads } from './writeReads.js'
