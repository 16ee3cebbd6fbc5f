// Which reads of a file may be of unknown bacteria, by the trained detector that comes with the package.
//
//   node examples/score.js reads.fq.gz       (FASTA, FASTQ or TFRecord; reads of 100 bases or more have a p-value)
//
// What `npx xenograd score reads.fq.gz` does, in a dozen lines of one's own: the name of each read, its score (higher = of
// a known genus), its p-value, and whether it is called unknown at a false-positive rate of 5 %.
import { readReads } from 'xenograd/data'
import { DetectorScores, loadDetector, shippedDetector } from 'xenograd/model'

const [path] = process.argv.slice(2)
if (!path) {
  process.stderr.write('usage: node examples/score.js READS\n')
  process.exit(2)
}
// Who reads the lines may have had enough, as head has.
process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 0 : 1))
const detector = await loadDetector(shippedDetector())
const detectorScores = new DetectorScores(detector)
const { scores, main } = detectorScores
const calibration = detector.calibration.scores.get(scores[main].name)
process.stderr.write(`by ${scores[main].name}; known: ${detector.metadata.genera}\n`)

/** A line for each of some reads, all scored in one pass. */
async function print(reads) {
  const all = await detectorScores.score(reads.map(({ bases }) => bases))
  for (const [i, { name, bases }] of reads.entries()) {
    const score = all[i][main]
    const p = calibration.pValueOf(score, bases.length - 1)
    console.log([name, score.toFixed(4), p.toFixed(4), p <= 0.05 ? 'unknown' : 'known'].join('\t'))
  }
}

const batch = []
for await (const read of readReads(path)) {
  batch.push(read)
  if (batch.length === 100) await print(batch.splice(0))
}
await print(batch)
