/**
 * Files in shards, each read by itself, so that many processes or machines share the work: this is the folder's door.
 * `stretches` cuts the bytes of all files into equal parts. `openStretch` opens the part of a file that has the reads which
 * begin in it: `positions` finds the first read from a byte on, by what `recordStart` knows of each format, in the file as
 * it is, or in what `bgzip` unpacks of it from there. Where a stretch ends the next one begins, found in the same way, so
 * no read is lost or given twice; nothing else of the file is read.
 */
export { openStretch } from './openStretch.js'
export type { SeekableFile } from './seekableFile.js'
export { type Shard, type Stretch, stretchesOf } from './stretches.js'
