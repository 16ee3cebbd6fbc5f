import test from 'tape'
import { Experts, type JudgedPiece, type Networks } from '../../../../eval/scores/memory/experts.js'
import { trackRoom } from '../../../../eval/scores/memory/expertTrack.js'
import { Gate } from '../../../../eval/scores/memory/gate.js'
import { GatePass } from '../../../../eval/scores/memory/gatePass.js'
import { GateRows, noLosses } from '../../../../eval/scores/memory/gateRows.js'
import { GenusContexts } from '../../../../eval/scores/memory/genusContexts.js'
import { GenusCopies } from '../../../../eval/scores/memory/genusCopies.js'
import { GenusMemory } from '../../../../eval/scores/memory/genusMemory.js'
import { shapesOf } from '../../../../eval/scores/memory/lookups.js'
import { RememberedGenomes } from '../../../../eval/scores/memory/rememberedGenomes.js'
import { uniforms } from '../../arbitrary.js'

const random = (length: number, seed: number): Uint8Array =>
  Uint8Array.from(uniforms(seed, length), u => Math.floor(4 * u))

const genera = 2
const order = 6
const pieceLength = 8192
const sequences = [random(9000, 1), random(9000, 2)]
const genomes = RememberedGenomes.of(sequences.map((bases, i) => ({ genus: 'AB'[i], bases })))
const kinds = shapesOf(order).map(shape => GenusContexts.of(genomes, shape))

/** A record of four pieces, the last one short, with unknown bases where a piece ends; parts of it are remembered. */
const record = random(3 * pieceLength + 1000, 3)
record.set(sequences[0], 4000)
record.set(sequences[1].subarray(100, 5000), 15_000)
record.fill(4, pieceLength - 3, pieceLength + 2)

/** What the kinds of contexts, and copies, say of the whole record, in one. */
function judgedAtOnce() {
  const rooms = kinds.map(() => trackRoom(record.length, genera))
  for (const [i, kind] of kinds.entries()) kind.writeTrack(record, 0, record.length, rooms[i])
  const copies = new GenusCopies(genomes, 16)
  const ofCopies = trackRoom(record.length, genera)
  for (let start = 0; start < record.length; start += pieceLength)
    copies.writeTrack(record.subarray(start, start + pieceLength), {
      losses: ofCopies.losses.subarray(start * genera),
      uncertainties: ofCopies.uncertainties.subarray(start * genera),
    })
  return { tracks: [...rooms, ofCopies], genera, start: 0, bases: record.length }
}

test('experts: say the same of a piece as of the whole record', async t => {
  const { tracks } = judgedAtOnce()
  const experts = new Experts(kinds, new GenusCopies(genomes, 16), genera)
  const differing: string[] = []
  let bases = 0
  await experts.judge([record], undefined, judged => {
    for (const [k, { losses, uncertainties }] of judged.tracks.entries())
      for (let i = 0; i < judged.bases * genera; i++) {
        const place = judged.start * genera + i
        const loss = tracks[k].losses[place]
        const isSame =
          Object.is(losses[i], loss) &&
          (Number.isNaN(loss) || uncertainties![i] === tracks[k].uncertainties[place])
        if (!isSame) differing.push(`expert ${k}, place ${place}`)
      }
    bases += judged.bases
  })
  t.equal(bases, record.length)
  t.deepEqual(differing.slice(0, 5), [])
})

test('a gate: the score of a record has the same bits, however it is cut', async t => {
  const judged = judgedAtOnce()
  const experts = judged.tracks.length
  const rows = new GateRows(experts)
  rows.add(judged, 0, 0, noLosses(experts), 0)
  const gate = await Gate.train([rows], 1)
  const whole = new Float64Array(genera)
  const pass = new GatePass(gate, genera, (_, genus, __, logLikelihood) => {
    whole[genus] += logLikelihood
  })
  await pass.add(judged, 0, [0, 1])
  await pass.end()
  const settings = { order, copies: 16, copyWeight: 0.1, alignments: 0, threshold: 40 }
  const memory = new GenusMemory(genomes, settings)
  let told = 0
  const short = record.subarray(0, 300)
  const [evidence, ofShort, ofNone] = await memory.gated(
    [record, short, new Uint8Array()],
    gate,
    undefined,
    bases => {
      told += bases
    },
  )
  t.deepEqual(evidence, whole, 'piece by piece and at once')
  t.equal(ofNone, undefined)
  t.ok(told <= record.length + short.length)
  const apart = await Promise.all([short, record].map(fragment => memory.gated([fragment], gate, undefined)))
  t.deepEqual(apart, [[ofShort], [evidence]], 'in calls side by side')
  gate.dispose()
})

/** Loss of a base for a genus that tells which base of which fragment it is of. */
const lossOf = (fragment: Uint8Array, base: number, genus: number): number =>
  Math.fround(fragment.length + base / 2 + genus / 4)

test('experts: networks are asked for windows of at most 2^20 bases, of several fragments if they are short', async t => {
  const longest = 2 ** 20
  const contexts = GenusContexts.of(genomes, shapesOf(2)[0])
  const experts = new Experts([contexts], undefined, genera)
  const asked: string[] = []
  const networks: Networks = {
    async losses(windows) {
      asked.push(windows.map(({ fragment, start, end }) => `${fragment.length}:${start}-${end}`).join(' '))
      return windows.map(({ fragment, start, end }) =>
        Float32Array.from({ length: (end - start) * genera }, (_, i) =>
          lossOf(fragment, start + Math.floor(i / genera), i % genera),
        ),
      )
    },
  }
  const fragments = [7, 0, longest - 6, 10, longest + 9000, 20].map(length => new Uint8Array(length))
  const visited: JudgedPiece[] = []
  let wrong = 0
  let told = 0
  await experts.judge(
    fragments,
    networks,
    async judged => {
      const { losses } = judged.tracks[1]
      for (let i = 0; i < judged.bases * genera; i++)
        if (losses[i] !== lossOf(fragments[judged.index], judged.start + (i >> 1), i & 1)) wrong++
      visited.push(judged)
    },
    bases => {
      told += bases
    },
  )
  t.equal(wrong, 0, 'each piece has its own')
  t.deepEqual(asked, [
    '7:0-7',
    `${longest - 6}:0-${longest - 6}`,
    `10:0-10`,
    `${longest + 9000}:0-${longest}`,
    `${longest + 9000}:${longest}-${longest + 9000} 20:0-20`,
  ])
  const all = fragments.reduce((sum, { length }) => sum + length, 0)
  t.equal(
    visited.reduce((sum, { bases }) => sum + bases, 0),
    all,
  )
  t.ok(told <= all && told > all - 2 ** 17, `told of ${told} of ${all} bases`)
  t.ok(
    visited.every(
      ({ index, start }, i) => i === 0 || index > visited[i - 1].index || start > visited[i - 1].start,
    ),
    'in their order',
  )
})
