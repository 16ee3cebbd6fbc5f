import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'tape'
import { encode, reverseComplement } from '../../data/index.js'
import { maximumLikelihood } from '../../eval/scores/index.js'
import {
  DetectorScores,
  findCell,
  GenusNetworks,
  halvedDetector,
  initialState,
  loadDetector,
  loadGenera,
  type SavedDetector,
  type SavedModel,
  Scorer,
  saveDetector,
  saveState,
} from '../../model/index.js'
import { uniforms } from '../eval/arbitrary.js'

const fragments = [
  ...['ACGTACGTTGCAACCGT', 'A', 'GGGNCCATTTAG', '', 'NNN', 'AN'].map(encode),
  Uint8Array.from(uniforms(3, 700), u => Math.floor(4 * u)),
]

async function model(seed: number, hidden = 3): Promise<SavedModel> {
  const options = { cell: await findCell('lstm'), hidden }
  return { path: `seed ${seed}`, options, state: initialState({ ...options, seed }), metadata: { step: '5' } }
}

async function detector(hidden?: number): Promise<SavedDetector> {
  const genera = new Map<string, SavedModel>()
  for (const [i, genus] of ['Yersinia', 'Bacillus', 'Vibrio'].entries())
    genera.set(genus, await model(i + 1, hidden))
  return { path: 'made', genera, scores: [], metadata: {} }
}

test('odds and mlr: of the log-likelihoods of each network', async t => {
  const { genera } = await detector()
  const networks = new GenusNetworks(genera!, { batch: 4 })
  const scorers = Array.from(genera!.values(), ({ options, state }) => new Scorer(options, state.parameters))
  const direct = await Promise.all(scorers.map(scorer => scorer.score(fragments)))
  const [mlr, odds] = networks.scores
  const leads = await odds.score(fragments)
  for (const [i, lead] of leads.entries()) {
    const sums = direct.map(ofFragments => ofFragments[i].sum).sort((a, b) => b - a)
    const expected = direct[0][i].count > 0 ? sums[0] - sums[1] : Number.NaN
    t.ok(Object.is(lead, expected) || Math.abs(lead - expected) < 1e-4, `fragment ${i}: ${lead}, ${expected}`)
  }
  t.deepEqual(odds.genusEvidence.genera, ['Yersinia', 'Bacillus', 'Vibrio'])
  const tracks = await odds.leadTracks!(fragments)
  for (const [i, lead] of leads.entries()) {
    const track = tracks[i]
    if (Number.isNaN(lead)) t.equal(track, undefined, `fragment ${i}: no track`)
    else {
      const sum = track!.values.filter(value => !Number.isNaN(value)).reduce((a, b) => a + b, 0)
      t.ok(Math.abs(sum - lead) < 1e-3, `fragment ${i}: the track's sum is the odds`)
    }
  }
  const models = direct.map(likelihoods => ({ logLikelihoods: async () => likelihoods }))
  const greatest = await maximumLikelihood('direct', models, '2').score(fragments)
  t.ok(
    (await mlr.score(fragments)).every(
      (value, i) => Object.is(value, greatest[i]) || Math.abs(value - greatest[i]) < 1e-6,
    ),
  )
  const both = new GenusNetworks(genera!, { bothStrands: true }).scores[1].genusEvidence
  const [forward, backward] = [fragments, fragments.map(reverseComplement)]
  const evidence = await Promise.all([both, odds.genusEvidence].map(e => e.evidence(forward)))
  const reversed = await odds.genusEvidence.evidence(backward)
  t.ok(
    [0, 2, 6].every(i =>
      evidence[0][i]!.every(
        (sum, genus) => Math.abs(sum - (evidence[1][i]![genus] + reversed[i]![genus]) / 2) < 1e-3,
      ),
    ),
    'over both strands, the mean',
  )
  networks.dispose()
})

test('losses of windows: the same bits as those of whole fragments, also of stretches of a long record', async t => {
  const { genera } = await detector()
  const networks = new GenusNetworks(genera!, { batch: 16 })
  const { losses, evidence } = networks.scores[1].genusEvidence
  const long = Uint8Array.from(uniforms(5, 70_000), u => Math.floor(4.01 * u))
  const all = [...fragments, long]
  const whole = await losses!(all.map(fragment => ({ fragment, start: 0, end: fragment.length })))
  const sums = await evidence(all)
  for (const [i, ofFragment] of whole.entries()) {
    t.equal(ofFragment.length, 3 * all[i].length)
    for (let genus = 0; genus < 3; genus++) {
      const values = ofFragment.filter((loss, k) => k % 3 === genus && !Number.isNaN(loss))
      const sum = values.reduce((a, b) => a + b, 0)
      const expected = -(sums[i]?.[genus] ?? 0)
      t.ok(Math.abs(sum - expected) <= 1e-9 * expected, `fragment ${i}: ${sum}, ${expected}`)
    }
  }
  const windows = [
    [long, 0, 8192],
    [long, 8192, 16_384],
    [long, 60_001, 70_000],
    [fragments[6], 200, 600],
  ] as const
  const cut = await losses!(windows.map(([fragment, start, end]) => ({ fragment, start, end })))
  for (const [i, [fragment, start, end]] of windows.entries()) {
    const expected = whole[all.indexOf(fragment)].subarray(3 * start, 3 * end)
    const isSame =
      cut[i].length === expected.length && cut[i].every((loss, k) => Object.is(loss, expected[k]))
    t.ok(isSame, `bases ${start} to ${end} of ${fragment.length}`)
  }
  networks.dispose()
})

test('a detector with networks of genera: its columns, its file, pooled odds', async t => {
  const path = join(mkdtempSync(join(tmpdir(), 'xenograd-')), 'detector.safetensors')
  const pool = {
    kind: 'pooledOdds',
    name: 'pool',
    settings: { of: ['odds', 'odds'], weights: [1, 0.5] },
    arrays: {},
  }
  const made = { ...(await detector()), scores: [pool] }
  await saveDetector(path, made)
  const loaded = await loadDetector(path)
  t.deepEqual([...loaded.genera!.keys()], ['Yersinia', 'Bacillus', 'Vibrio'])
  t.equal(loaded.genera!.get('Vibrio')!.metadata.step, '5')
  const [before, after] = [made, loaded].map(saved => new DetectorScores(saved))
  t.deepEqual(
    before.scores.map(({ name }) => name),
    ['mlr', 'odds', 'pool'],
  )
  const rows = await before.score(fragments)
  t.deepEqual(rows, await after.score(fragments), 'the same bits')
  t.ok(
    rows.every(([, odds, pooled]) => Object.is(pooled, odds * 1.5) || Math.abs(pooled - odds * 1.5) < 1e-9),
  )
  t.equal(before.main, 2)
  t.equal(new DetectorScores({ ...made, scores: [] }).main, 1, 'calls rest on odds')
  const whole = new DetectorScores({ ...made, foreground: await model(9) }, { bothStrands: true })
  t.equal(whole.passes, 9, 'both strands of four networks, and a fitted score')
  t.deepEqual(
    whole.scores.map(({ name }) => name),
    ['ll_fg', 'll_bg', 'llr', 'mlr', 'odds', 'pool'],
  )
  const dotted = { ...made, genera: new Map([['A.b', await model(1)]]) }
  const error = await saveDetector(path, dotted).catch(e => e)
  t.match(error.message, /genus A\.b: a network's genus cannot have a dot/)
  for (const scores of [before, after, whole]) scores.dispose()
})

test('parameters of 16 bits: half the file, and scores that differ by less than 1e-3 nats per base', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  const made = await detector(64)
  const rounded = await halvedDetector({ ...made, foreground: await model(8, 64) })
  const [full, half] = [join(folder, 'full'), join(folder, 'half')]
  await saveDetector(full, made)
  const { foreground, ...genera } = rounded
  await saveDetector(half, genera)
  t.ok(statSync(half).size < 0.52 * statSync(full).size, `${statSync(half).size} bytes`)
  const loaded = await loadDetector(half)
  await saveDetector(`${half}2`, loaded)
  t.equal(statSync(`${half}2`).size, statSync(half).size, 'kept at 16 bits')
  const [before, after, again] = await Promise.all(
    [made, genera, loaded].map(async saved =>
      new DetectorScores(saved).scores[1].genusEvidence!.evidence(fragments),
    ),
  )
  t.deepEqual(again, after, 'what was scored is what is stored')
  let greatest = 0
  for (const [i, { length }] of fragments.entries())
    before[i]?.forEach((sum, genus) => {
      greatest = Math.max(greatest, Math.abs(sum - after[i]![genus]) / (length - 1))
    })
  t.ok(greatest > 0 && greatest < 1e-3, `${greatest} nats per base`)
  const state = foreground!.state
  const huge = state.parameters.logits.kernel.mul(1e9)
  const parameters = { ...state.parameters, logits: { ...state.parameters.logits, kernel: huge } }
  const error = await halvedDetector({
    ...made,
    foreground: { ...foreground!, state: { ...state, parameters } },
  }).catch(e => e)
  t.match(error.message, /seed 8: tensor logits\.kernel: .* does not fit 16 bits \(65504 at most\)/)
})

test('networks of genera are found in a folder', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-'))
  let length = 500
  const save = async (...path: string[]): Promise<void> => {
    const { options, state } = await model(1)
    mkdirSync(join(folder, ...path.slice(0, -1)), { recursive: true })
    await saveState(join(folder, ...path), options, state, {
      data: `fragments of ${length} bases from 1 genome`,
    })
  }
  const failure = () => loadGenera(folder).catch(error => error.message)
  t.match(await failure(), /networks of 0 genera in this folder, wanted two or more/)
  await save('Vibrio', 'run1', 'model', 'model_3.safetensors')
  writeFileSync(join(folder, 'notes.txt'), 'nothing')
  t.match(await failure(), /networks of 1 genera/)
  await save('Bacillus', 'model', 'model_3.safetensors')
  await save('Yersinia.safetensors')
  t.deepEqual([...(await loadGenera(folder)).keys()], ['Bacillus', 'Vibrio', 'Yersinia'])
  await save('Vibrio', 'run2', 'model', 'model_3.safetensors')
  t.match(await failure(), /Vibrio: 2 runs are in this folder; give one of them: .*run1, .*run2/)
  rmSync(join(folder, 'Vibrio', 'run2'), { recursive: true })
  length = 250
  await save('Yersinia.safetensors')
  t.match(await failure(), /Yersinia\.safetensors: was trained on fragments of 250 bases, .* on 500/)
  t.match(await loadGenera(join(folder, 'none')).catch(error => error.message), /no folder of networks/)
})
