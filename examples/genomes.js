// Reads of real genomes in the reference's layout, for `xenograd train` and `xenograd evaluate`.
//
//   node examples/genomes.js MANIFEST.tsv OUT [reads per genus for training] [for validation and test]
//
// The manifest is a table with columns file, genus, set (ID or OOD) and part (which part of a genome is for training and
// which for validation: data/genomes.ts). Validation and test have different out-of-distribution genera.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { numberGenera, readManifest, sampleReads, splitByParts, writeReads } from 'xenograd/data'

const [manifest, out, training = '4000', held = '400'] = process.argv.slice(2)
if (!manifest || !out) {
  process.stderr.write(
    'usage: node examples/genomes.js MANIFEST.tsv OUT [reads per genus] [held-out reads per genus]\n',
  )
  process.exit(2)
}
const seed = 1234
const length = 250

const genomes = await readManifest(manifest)
const labels = numberGenera(genomes)
const inside = splitByParts(genomes.filter(genome => genome.group === 'ID'))
const outside = [...splitByParts(genomes.filter(genome => genome.group === 'OOD')).values()].flat()
const genera = [...new Set(outside.map(part => part.genome.genus))]
const everyOther = remainder => outside.filter(({ genome }) => genera.indexOf(genome.genus) % 2 === remainder)

const sets = [
  { folder: 'before_2011_in_tr', split: 'in_tr', parts: inside.get('train'), perGenus: Number(training) },
  { folder: 'between_2011-2016_in_val', split: 'in_val', parts: inside.get('val'), perGenus: Number(held) },
  { folder: 'between_2011-2016_ood_val', split: 'ood_val', parts: everyOther(0), perGenus: Number(held) / 2 },
  { folder: 'after_2016_in_test', split: 'in_test', parts: inside.get('val'), perGenus: Number(held) },
  { folder: 'after_2016_ood_test', split: 'ood_test', parts: everyOther(1), perGenus: Number(held) / 2 },
]
for (const [i, { folder, split, parts, perGenus }] of sets.entries()) {
  await mkdir(join(out, folder), { recursive: true })
  const reads = await sampleReads(parts, { length, perGenus, seed: seed + i, labels })
  const count = await writeReads(join(out, folder, `${split}.tfrecord`), reads)
  process.stdout.write(`${join(out, folder)}: ${count} reads\n`)
}
