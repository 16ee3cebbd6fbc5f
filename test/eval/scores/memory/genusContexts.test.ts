import fc from 'fast-check'
import test from 'tape'
import { reverseComplement } from '../../../../data/index.js'
import { ContextShape } from '../../../../eval/scores/memory/contextShape.js'
import { addLogLikelihoods, GenusContexts } from '../../../../eval/scores/memory/genusContexts.js'
import { RememberedGenomes } from '../../../../eval/scores/memory/rememberedGenomes.js'
import { sequence, trainingAndFragments, withReverse } from '../sequences.js'

const genomesOf = (training: readonly Uint8Array[]): RememberedGenomes =>
  RememberedGenomes.of(training.map((bases, i) => ({ genus: 'AB'[i % 2], bases })))

/** How far before the next base those of its context are, the farthest first. */
const distances = ({ order, skip }: ContextShape): number[] =>
  Array.from({ length: 3 * order }, (_, i) => i + 1)
    .filter(distance => skip === 0 || distance % 3 !== skip % 3)
    .slice(0, order)
    .reverse()

/** The context and the base of all windows without unknown bases, as texts. */
const windowsOf = (shape: ContextShape, sequences: readonly Uint8Array[]): string[] =>
  sequences.flatMap(bases => {
    const far = distances(shape)
    return Array.from(bases, (base, i) =>
      i < far[0] || bases.subarray(i - far[0], i + 1).includes(4)
        ? ''
        : far.map(distance => bases[i - distance]).join('') + base,
    ).filter(word => word !== '')
  })

/** p(last base of a word | those before it) by the windows that end with it, blended with that of two bases less. */
function probability(word: string, windows: readonly string[]): number {
  const count = (end: string): number => windows.filter(window => window.endsWith(end)).length
  const order = word.length - 1
  const shorter = order >= 2 ? probability(word.slice(2), windows) : 0.25
  const weight = order < 7 ? 4 : 16
  const inContext = [...'0123'].reduce((sum, base) => sum + count(word.slice(0, -1) + base), 0)
  return (count(word) + weight * shorter) / (inContext + weight)
}

const anyShape = fc
  .record({ order: fc.integer({ min: 1, max: 8 }), skip: fc.constantFrom(0, 1, 2, 3) })
  .map(({ order, skip }) => new ContextShape(order, skip))

test('contexts: log-likelihoods equal those of counted words, to half a step of their bytes', t => {
  fc.assert(
    fc.property(trainingAndFragments, anyShape, ({ training, fragments }, shape) => {
      const genomes = genomesOf(training)
      const contexts = GenusContexts.of(genomes, shape)
      return fragments.slice(0, 3).every(fragment => {
        const [costs, sums] = [genomes, genomes].map(({ genera }) => new Float64Array(genera.length))
        const predicted = contexts.addCosts(fragment, costs)
        addLogLikelihoods(costs, 1, sums)
        const words = windowsOf(shape, [fragment])
        return (
          predicted === words.length &&
          sums.every((sum, genus) => {
            const ofGenus = withReverse(training.filter((_, i) => i % 2 === genus))
            const windows = windowsOf(shape, ofGenus)
            const expected = words.reduce(
              (total, word) => total + Math.max(-255 / 40, Math.log(probability(word, windows))),
              0,
            )
            return Math.abs(sum - expected) <= words.length * (1 / 80 + 0.004) + 1e-4
          })
        )
      })
    }),
    { numRuns: 40 },
  )
  t.throws(() => new GenusContexts(1, new ContextShape(12, 0)), /contexts of 12 bases: give a whole number/)
  t.end()
})

test('contexts: a fragment costs what its stretches do, asked for once or again', t => {
  fc.assert(
    fc.property(
      sequence(200),
      sequence(120),
      anyShape,
      fc.array(fc.nat(120), { maxLength: 4 }),
      (training, fragment, shape, cuts) => {
        const contexts = GenusContexts.of(genomesOf([training]), shape)
        const [whole, inStretches] = [new Float64Array(1), new Float64Array(1)]
        const predicted = contexts.addCosts(fragment, whole)
        const ends = [...cuts.map(cut => Math.min(cut, fragment.length)), fragment.length].sort(
          (a, b) => a - b,
        )
        let [start, sum] = [0, 0]
        for (const end of ends) {
          sum += contexts.addCosts(fragment, inStretches, start, end)
          start = end
        }
        const again = Float64Array.from(whole)
        const changed = fragment.map(base => (base + 1) % 4)
        contexts.addCosts(changed, again)
        const ofChanged = new Float64Array(1)
        GenusContexts.of(genomesOf([training]), shape).addCosts(changed, ofChanged)
        return sum === predicted && inStretches[0] === whole[0] && again[0] === whole[0] + ofChanged[0]
      },
    ),
  )
  t.pass('random genomes and stretches')
  t.end()
})

test('contexts: what is added to costs is the same for genomes on their other strand', t => {
  fc.assert(
    fc.property(
      fc.array(sequence(80), { minLength: 1, maxLength: 4 }),
      sequence(),
      anyShape,
      (training, fragment, shape) => {
        const [given, reversed] = [training, training.map(reverseComplement)].map(genomes => {
          const costs = new Float64Array(Math.min(2, training.length)).fill(3)
          GenusContexts.of(genomesOf(genomes), shape).addCosts(fragment, costs)
          return costs
        })
        return given.every((sum, genus) => Object.is(sum, reversed[genus]))
      },
    ),
  )
  t.pass('random genomes')
  t.end()
})
