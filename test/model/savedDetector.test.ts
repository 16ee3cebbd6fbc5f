import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { encode } from '../../data/index.js'
import { Calibration } from '../../eval/index.js'
import {
  Detector,
  DetectorScores,
  detectorOfModels,
  findCell,
  initialState,
  isDetectorFile,
  loadDetector,
  type SavedDetector,
  type SavedModel,
  saveDetector,
} from '../../model/index.js'

const reads = ['ACGTACGTTGCA', 'A', 'GGGNCCATTTAG', ''].map(encode)

async function model(cell: string, seed: number): Promise<SavedModel> {
  const options = { cell: await findCell(cell), hidden: 3 }
  return { path: cell, options, state: initialState({ ...options, seed }), metadata: { step: '5' } }
}

async function detector(): Promise<Omit<SavedDetector, 'path'>> {
  const scores = Array.from({ length: 20 }, (_, i) => i / 7)
  return {
    foreground: await model('lstm', 1),
    background: await model('gru', 2),
    scores: [
      { kind: 'compression', name: 'z', settings: { of: ['ll_fg'], compressor: 'brotli' }, arrays: {} },
    ],
    calibration: {
      scores: new Map([
        [
          'llr',
          new Calibration([
            { length: 100, scores },
            { length: 250, scores: scores.map(s => -s) },
          ]),
        ],
      ]),
      bothStrands: true,
      source: 'a test',
    },
    metadata: { genera: 'Vibrio,Yersinia', description: 'made by a test' },
  }
}

test('a detector comes back from its file: networks, scores, calibration, notes', async t => {
  const path = join(mkdtempSync(join(tmpdir(), 'xenograd-')), 'detector.safetensors')
  const made = { ...(await detector()), scores: [] }
  await saveDetector(path, made)
  t.ok(await isDetectorFile(path))
  t.notOk(await isDetectorFile(`${path}.none`))
  const loaded = await loadDetector(path)
  t.deepEqual(loaded.metadata, made.metadata)
  t.deepEqual(loaded.calibration, made.calibration)
  t.equal(loaded.foreground?.metadata.step, '5')
  t.equal(loaded.background?.options.cell.name, 'gru')
  const [before, after] = [made, { ...loaded, path }].map(
    ({ foreground, background }) => new Detector(foreground!, background),
  )
  t.deepEqual(await after.score(reads), await before.score(reads), 'the same bits')
  // A second copy is the same file.
  await saveDetector(`${path}2`, loaded)
  t.ok(readFileSync(path).equals(readFileSync(`${path}2`)))
  before.dispose()
  after.dispose()
})

test("a detector's columns: those of its networks, then its scores; calls rest on the last", async t => {
  const made = { ...(await detector()), path: 'made' }
  const whole = new DetectorScores(made)
  t.deepEqual(
    whole.scores.map(({ name }) => name),
    ['ll_fg', 'll_bg', 'llr', 'z'],
  )
  t.equal(whole.main, 3)
  const { foreground, background } = made
  const networks = new Detector(foreground!, background)
  const expected = await networks.score(reads)
  const rows = await whole.score(reads)
  t.deepEqual(
    rows.map(row => row.slice(0, 3)),
    expected.map(scores => [scores.foreground, scores.background, scores.ratio]),
  )
  t.ok(Number.isFinite(rows[0][3]))
  const told = [0, 0]
  for (const [i, scores] of [made.scores, []].entries())
    await new DetectorScores(
      { ...made, scores },
      {
        onProgress: bases => {
          told[i] += bases
        },
      },
    ).score(reads)
  const bases = reads.reduce((sum, { length }) => sum + length, 0)
  t.equal(told[0] - told[1], bases, 'a fitted score tells of every base, too')
  t.equal(new DetectorScores({ ...made, scores: [] }).main, 2)
  t.equal(new DetectorScores({ foreground: foreground!, path: '', scores: [], metadata: {} }).main, 0)
  networks.dispose()
  whole.dispose()
})

test('tracks: the ratio base by base sums to the ratio of the read', async t => {
  const { foreground, background } = await detector()
  const networks = new Detector(foreground!, background)
  const tracks = reads.map(read => new Float32Array(read.length))
  const scores = await networks.score(reads, { tracks })
  const sum = tracks[0].reduce((a, b) => a + b, 0)
  t.ok(Math.abs(sum / 11 - scores[0].ratio) < 1e-6, `${sum / 11}, ${scores[0].ratio}`)
  t.equal(tracks[0][0], 0, 'the first base is not predicted')
  t.deepEqual([...tracks[2].subarray(3, 5)], [0, 0], 'an unknown base is not, nor the one after it')
  networks.dispose()
})

test('a detector that is damaged is refused', async t => {
  const path = join(mkdtempSync(join(tmpdir(), 'xenograd-')), 'detector.safetensors')
  await saveDetector(path, { ...(await detector()), scores: [] })
  const damaged = async (from: string, to: string) => {
    const bytes = Buffer.from(readFileSync(path).toString('latin1').replaceAll(from, to), 'latin1')
    writeFileSync(`${path}.bad`, bytes)
    return loadDetector(`${path}.bad`).then(
      () => 'no error',
      error => `${error.name}: ${error.message}`,
    )
  }
  t.match(
    await damaged('"source', '"sourcf'),
    /^CheckpointError: .*metadata 'calibration' is not what this program writes/s,
  )
  t.match(
    await damaged('[100,250]', '[100,251]'),
    /^CheckpointError: .*tensor calibration\.llr\.251 \(F64\) is missing/s,
  )
  t.match(
    await damaged('\\"hidden\\":\\"3\\"', '\\"hidden\\":\\"4\\"'),
    /^CheckpointError: .*foreground|wanted F32/s,
  )
  t.match(await damaged('"foreground":"{', '"foreground":"['), /metadata 'foreground' is not JSON/)
})

test('two models that were trained on other lengths are no pair', async t => {
  const trainedOn = async (data?: string): Promise<SavedModel> => ({
    ...(await model('lstm', 1)),
    path: data ?? 'reference',
    metadata: data === undefined ? {} : { data },
  })
  const [short, mutated, long, windows, reference] = await Promise.all([
    trainedOn('40000 reads of 250 bases, mutation rate 0'),
    trainedOn('fragments of 250 bases from 10 genomes (10 genera, 5 bases), mutation rate 0.1'),
    trainedOn('40000 reads of 1000 bases, mutation rate 0.1'),
    trainedOn('fragments of 4 windows of 250 bases from 10 genomes (10 genera, 5 bases), mutation rate 0'),
    trainedOn(),
  ])
  for (const other of [short, mutated, reference]) detectorOfModels(short, other)
  detectorOfModels(reference, long)
  for (const other of [long, windows])
    t.throws(() => detectorOfModels(short, other), /was trained on fragments of .* bases, 40000 .* on 250: /)
})
