import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import test from 'tape'
import { purposeKey, seedPurposes } from '../../engine/hostRandom.js'
import { fold, randomKey } from '../../engine/index.js'

const root = new URL('../../', import.meta.url)

/** The built modules that a module loads, itself included, as paths from the root: `engine/kernel/threefry.js`. */
function modulesOf(entry: string): string[] {
  const loaded = new Set<string>()
  const visit = (url: URL) => {
    const path = relative(fileURLToPath(root), fileURLToPath(url))
    if (loaded.has(path)) return
    loaded.add(path)
    // Static imports and exports, and dynamic imports, of our own modules.
    for (const [, target] of readFileSync(url, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g))
      visit(new URL(target, url))
  }
  visit(new URL(entry, root))
  return [...loaded]
}

test('data and eval load nothing of the engine but the door to random numbers on the host', t => {
  const door = ['engine/hostRandom.js', 'engine/kernel/threefry.js']
  t.deepEqual(modulesOf('engine/hostRandom.js').sort(), door)
  for (const folder of ['data', 'eval']) {
    const modules = modulesOf(`${folder}/index.js`)
    t.ok(modules.length > 10, `${modules.length} modules of ${folder}`)
    t.deepEqual(modules.filter(module => !module.startsWith(`${folder}/`)).sort(), door)
  }
  t.ok(modulesOf('model/index.js').includes('engine/index.js'), 'the walk sees such an import')
  t.end()
})

test('no two purposes of a seed have the same number, and none ever changes', t => {
  for (const group of Object.values(seedPurposes)) {
    const numbers = Object.values(group)
    t.equal(new Set(numbers).size, numbers.length)
  }
  // What is recorded (checkpoints that go on, the figures in the README) was drawn with these.
  t.deepEqual(seedPurposes, {
    run: {
      initialisation: 1,
      dropout: 2,
      order: 3,
      mutation: 4,
      genomes: 5,
      fragments: 6,
      synthetic: 7,
      trainingFragments: 8,
      validationMutation: 9,
      mutatedReads: 10,
      gate: 11,
    },
    evaluation: { bootstrapIn: 0, bootstrapOod: 1 },
  })
  t.end()
})

test('purposeKey is what tensors fold to', async t => {
  await fc.assert(
    fc.asyncProperty(fc.maxSafeInteger(), fc.constantFrom(0, 1, 7), async (seed, purpose) => {
      const folded = await fold(randomKey(seed), purpose).data()
      return folded.join() === purposeKey(seed, purpose).join()
    }),
    { numRuns: 20 },
  )
  t.pass()
})
