import test from 'tape'
import { collectReads, decode, encode, loadReads, readReads, reverseComplement } from '../../data/index.js'
import {
  Detector,
  DetectorScores,
  defaults,
  findCell,
  GenusNetworks,
  initialModel,
  initialState,
  loadDetector,
  loadModel,
  makeTrainStep,
  Scorer,
  saveOnnxModel,
  saveState,
  saveTorchLayout,
  trainFromSettings,
} from '../../model/index.js'

// JavaScript has no type checker: each of these is called with everything that is not what it wants.

const options = { cell: await findCell('lstm'), hidden: 2, seed: 1 }
const state = initialState(options)
const model = { options, state }
const scorer = new Scorer(options, state.parameters)
const detector = new Detector(model)

type Call = (x: never) => unknown
const entrances: Readonly<Record<string, Call>> = {
  encode,
  decode,
  reverseComplement,
  readReads: x => readReads(x).next(),
  loadReads: x => loadReads(x, { length: 10 }),
  'collectReads of options': x => collectReads([], x),
  findCell,
  loadModel,
  loadDetector,
  'loadModel with a cell': x => loadModel('none', x),
  initialModel: x => initialModel(x, state.updates),
  'initialModel of a cell': x => initialModel({ cell: x, hidden: 2 }, state.updates),
  initialState,
  makeTrainStep,
  'saveOnnxModel to a path': x => saveOnnxModel(x, { ...model, path: '', metadata: {} }),
  'saveOnnxModel of a model': x => saveOnnxModel('none', x),
  'saveState to a path': x => saveState(x, options, state, {}),
  'saveState of a state': x => saveState('none', options, x, {}),
  'saveTorchLayout to a path': x => saveTorchLayout(x, { ...model, path: '', metadata: {} }),
  'saveTorchLayout of a model': x => saveTorchLayout('none', x),
  trainFromSettings,
  Detector: x => new Detector(x),
  'Detector with a background': x => new Detector(model, x),
  'Detector.score': x => detector.score(x),
  'Detector.score of a read': x => detector.score([x]),
  DetectorScores: x => new DetectorScores(x),
  GenusNetworks: x => new GenusNetworks(x),
  Scorer: x => new Scorer(x, state.parameters),
  'Scorer with parameters': x => new Scorer(options, x),
  'Scorer.score': x => scorer.score(x),
  'Scorer.score of a read': x => scorer.score([x]),
}

const values: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  number: 3,
  text: 'ACGT',
  object: { bases: encode('ACGT') },
  array: ['ACGT'],
  bases: encode('ACGT'),
  promise: Promise.resolve(model),
}

/** What is wanted, or may be left out. */
const fine: Readonly<Record<string, readonly string[]>> = {
  encode: ['text'],
  decode: ['bases'],
  reverseComplement: ['bases'],
  readReads: ['text'],
  loadReads: ['array'],
  findCell: ['text'],
  loadModel: ['text'],
  loadDetector: ['text'],
  'loadModel with a cell': ['undefined'],
  'saveOnnxModel to a path': ['text'],
  'saveState to a path': ['text'],
  'saveTorchLayout to a path': ['text'],
  trainFromSettings: ['object'],
  'Detector with a background': ['undefined', 'null'],
  'Detector.score of a read': ['bases'],
  'Scorer.score of a read': ['bases'],
}

for (const [name, call] of Object.entries(entrances))
  test(`${name}: what it is given, and what it wants`, async t => {
    for (const [kind, value] of Object.entries(values)) {
      if (fine[name]?.includes(kind)) continue
      const error = await Promise.resolve()
        .then(() => call(value as never))
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
      t.ok(error instanceof TypeError, `${kind}: an error of type`)
      t.match(String(error), /: (.* is|got) .*, give /, String(error))
    }
    t.end()
  })

test('the errors say what to write', async t => {
  t.throws(
    () => new Detector('out/fg' as never),
    /Detector: got the string 'out\/fg', give a model: await loadModel/,
  )
  const message = (run: Promise<unknown>) => run.catch((error: Error) => error.message)
  t.match(
    String(await message(detector.score(['ACGT'] as never))),
    /read 0 is the string 'ACGT'.*encode\('ACGT'\)/,
  )
  t.match(String(await message(scorer.score([values.object] as never))), /read 0 is an object.*read\.bases/)
  t.throws(
    () => initialModel({ cell: 'gru', hidden: 2 } as never, state.updates),
    /give await findCell\('gru'\)/,
  )
  t.match(String(await message(trainFromSettings('x' as never))), /\.\.\.defaults/)
  t.ok(defaults, 'which there are')
  t.end()
})
