import fc from 'fast-check'
import test from 'tape'
import { reverseComplement } from '../../../../data/index.js'
import { GenusContexts } from '../../../../eval/scores/memory/genusContexts.js'
import { RememberedGenomes } from '../../../../eval/scores/memory/rememberedGenomes.js'
import { sequence, trainingAndFragments, withReverse } from '../sequences.js'

const genomesOf = (training: readonly Uint8Array[]): RememberedGenomes =>
  RememberedGenomes.of(training.map((bases, i) => ({ genus: 'AB'[i % 2], bases })))

/** All windows of so many known bases, as texts. */
const windowsOf = (length: number, sequences: readonly Uint8Array[]): string[] =>
  sequences.flatMap(bases =>
    Array.from({ length: Math.max(0, bases.length - length + 1) }, (_, i) =>
      bases.subarray(i, i + length).join(''),
    ).filter(window => !window.includes('4')),
  )

/** p(last base of a word | those before it) by the windows that end with it, blended with that of two bases less. */
function probability(word: string, windows: readonly string[]): number {
  const count = (end: string): number => windows.filter(window => window.endsWith(end)).length
  const order = word.length - 1
  const shorter = order >= 2 ? probability(word.slice(2), windows) : 0.25
  const weight = order < 7 ? 4 : 16
  const inContext = [...'0123'].reduce((sum, base) => sum + count(word.slice(0, -1) + base), 0)
  return (count(word) + weight * shorter) / (inContext + weight)
}

test('contexts: log-likelihoods equal those of counted words, to half a step of their bytes', t => {
  fc.assert(
    fc.property(trainingAndFragments, fc.integer({ min: 1, max: 8 }), ({ training, fragments }, order) => {
      const genomes = genomesOf(training)
      const contexts = new GenusContexts(genomes, order)
      return fragments.slice(0, 3).every(fragment => {
        const sums = new Float64Array(genomes.genera.length)
        const predicted = contexts.addLogLikelihoods(fragment, sums)
        const words = windowsOf(order + 1, [fragment])
        return (
          predicted === words.length &&
          sums.every((sum, genus) => {
            const ofGenus = withReverse(training.filter((_, i) => i % 2 === genus))
            const windows = windowsOf(order + 1, ofGenus)
            const expected = words.reduce(
              (total, word) => total + Math.max(-255 / 40, Math.log(probability(word, windows))),
              0,
            )
            return Math.abs(sum - expected) <= words.length / 80 + 1e-4
          })
        )
      })
    }),
    { numRuns: 40 },
  )
  t.throws(
    () => new GenusContexts(genomesOf([Uint8Array.of(0)]), 12),
    /contexts of 12 bases: give a whole number/,
  )
  t.end()
})

test('contexts: what is added to sums is the same for genomes on their other strand', t => {
  fc.assert(
    fc.property(fc.array(sequence(80), { minLength: 1, maxLength: 4 }), sequence(), (training, fragment) => {
      const [given, reversed] = [training, training.map(reverseComplement)].map(genomes => {
        const sums = new Float64Array(Math.min(2, training.length)).fill(3)
        new GenusContexts(genomesOf(genomes), 3).addLogLikelihoods(fragment, sums)
        return sums
      })
      return given.every((sum, genus) => Object.is(sum, reversed[genus]))
    }),
  )
  t.pass('random genomes')
  t.end()
})
