/** Detectors in one file: networks, fitted scores of every kind, calibration. */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from '../../data/index.js'
import { Calibration } from '../../eval/index.js'
import { fitScores, loadScores, parseSpec, type Score } from '../../eval/scores/index.js'
import { lstm } from '../../model/cells/lstm.js'
import { loadFitted } from '../../model/detectorScores.js'
import { initialState, loadDetector, saveDetector } from '../../model/index.js'
import { withHeader } from './modelTargets.js'
import { mutate } from './mutation.js'
import type { Target } from './targets.js'
import { check, outcomeOf } from './verdict.js'

const folder = mkdtempSync(join(tmpdir(), 'xenograd-fuzz-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'detector.safetensors')

const specs = [
  ...['markov:order=2', 'markovRatio:order=1', 'mlr:order=1,own=1', 'kmers:k=4', 'kmers:k=20'],
  ...['kmers:k=20,set=bloom,logBits=10', 'aminoKmers:k=3', 'bothStrands:of=markov2,join=max'],
  ...['compression:of=markov2', 'gcRegressed:of=markov2,degree=1', 'weightedSum:name=sum,of=kmers4+markov2'],
].map(parseSpec)
const fragments = ['ACGTTGCATGCCATGACGTTAGCTAG', 'AC', '', 'ACGTNACGTTGACCCATTGACCTA'].map(encode)

async function* genomes() {
  for (const text of ['ACGTTGCATGCCATGACGTTAGCTAGGACCATTACGAT', 'TTGACCCATTGACCTANNACGGACTTAG'])
    yield { genus: text.slice(0, 2), bases: encode(text) }
}

const labelled = {
  length: 0,
  fragments: ['ACGTA', 'CCCGT', 'AATTG', 'GGCAT'].map(encode),
  labels: Uint8Array.of(1, 1, 1, 0),
}
const options = { cell: lstm, hidden: 2 }
const foreground = { path, options, state: initialState({ ...options, seed: 1 }), metadata: { step: '7' } }
const calibrationScores = Float64Array.from({ length: 20 }, (_, i) => -1.4 + i / 100)
const calibration = new Calibration([100, 1000].map(length => ({ length, scores: calibrationScores })))

await saveDetector(path, {
  foreground,
  background: foreground,
  scores: (await fitScores(specs, genomes(), [labelled])).map(score => score.store()),
  calibration: { scores: new Map([['llr', calibration]]), bothStrands: false, source: 'test' },
  metadata: { genera: 'A,B', description: 'made by the fuzzer' },
})
const detector = new Uint8Array(await readFile(path))

/** In place of the networks' scores, which other targets have computed. */
const networks: readonly Score[] = ['ll_fg', 'll_bg', 'llr'].map(name => ({
  name,
  score: async fragments => Float64Array.from(fragments, ({ length }) => -length / 100),
}))

export const detectorTargets: readonly Target[] = [
  {
    name: 'detector',
    make: (changes, pick) =>
      pick % 4 ? withHeader(detector, header => mutate(header, changes)) : mutate(detector, changes),
    judge: async input => {
      await writeFile(path, input)
      const loaded = await outcomeOf(() => loadDetector(path))
      if (!loaded) return false
      for (const ofScore of loaded.calibration?.scores.values() ?? [])
        for (const length of [1, 100, 500, 1e6]) {
          const p = ofScore.pValue(-1.3, length)
          check(Number.isNaN(p) || (p > 0 && p <= 1), `p = ${p}`)
        }
      const fitted = await outcomeOf(() => loadFitted(path, () => loadScores(loaded.scores, networks)))
      for (const score of fitted ?? []) {
        const values = await score.score(fragments)
        const sound = [...values].every(value => Number.isNaN(value) || Number.isFinite(value))
        check(values.length === fragments.length && sound, `${score.name}: ${values}`)
      }
      return fitted !== undefined
    },
  },
]
