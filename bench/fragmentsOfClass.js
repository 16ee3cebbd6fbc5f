import { partsCalled, sampleReads } from '../dist/data/index.js'

/** Fragments of the validation parts of one class of genera, set `ID` or `OOD`: as many of each genus. */
export function fragmentsOfClass(genomes, set, { length, fragments, seed }) {
  const parts = partsCalled(genomes, set, 'val')
  const genera = new Set(parts.map(({ genome }) => genome.genus)).size
  return sampleReads(parts, { length, perGenus: Math.round(fragments / genera), seed })
}
