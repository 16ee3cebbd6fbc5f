import fc from 'fast-check'
import test from 'tape'
import { type Part, Streams } from '../../model/streams.js'
import { WaitingLine } from '../../model/waitingLine.js'

type Sequence = { readonly bases: Uint8Array }

const sequenceOf = (length: number): Sequence => ({
  bases: Uint8Array.from({ length }, (_, i) => (i * i + length) % 5),
})

/** All that is left to do, with the row and the piece in which each prediction is made. */
function* piecesOf(streams: Streams<Sequence>) {
  for (let piece = streams.next(); piece; piece = streams.next()) yield piece
}

test('streams: every prediction is made once, in order, in a row of its own until its sequence ends', t => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 2, max: 1500 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 9 }),
      (lengths, batch) => {
        const streams = new Streams<Sequence>(batch)
        const sequences = lengths.map(sequenceOf)
        for (const sequence of sequences) streams.add(sequence)
        const done = new Map<Sequence, Part<Sequence>>()
        let rowsBefore: (Sequence | undefined)[] = []
        for (const { steps, rows, tokens, parts, regrouped } of piecesOf(streams)) {
          const goingOn = regrouped
            ? Array.from(regrouped, row => (row < 0 ? undefined : rowsBefore[row]))
            : rowsBefore
          const size = steps * rows
          const busy = new Uint8Array(size)
          for (const part of parts) {
            const { item, row, step, first, count, isLast } = part
            const before = done.get(item)
            if ((before ? before.first + before.count : 0) !== first) throw new Error('a gap')
            if (step === 0 && first > 0 && goingOn[row] !== item) throw new Error('its state is elsewhere')
            done.set(item, part)
            for (let i = 0; i < count; i++) {
              const place = (step + i) * rows + row
              if (busy[place]++) throw new Error('two at once')
              const [input, target] = [item.bases[first + i], item.bases[first + i + 1]]
              const wanted = [input, input < 4 ? target : 4, isLast && i === count - 1 ? 1 : 0]
              if ([0, 1, 2].some(plane => tokens[plane * size + place] !== wanted[plane]))
                throw new Error(`tokens of ${input}, ${target}`)
            }
          }
          // Where nothing is computed no state may be left for the next sequence.
          for (const [place, isBusy] of busy.entries())
            if (!isBusy && tokens[2 * size + place] !== 1) throw new Error('a state is left')
          rowsBefore = Array.from(
            { length: rows },
            (_, row) => parts.findLast(part => part.row === row && !part.isLast)?.item,
          )
        }
        return sequences.every(sequence => {
          const last = done.get(sequence)
          return last?.isLast && last.first + last.count === sequence.bases.length - 1
        })
      },
    ),
  )
  t.end()
})

test('streams: nothing is padded but the end of the input, in few shapes', t => {
  const streams = new Streams<Sequence>(100)
  const lengths = Array.from({ length: 3000 }, (_, i) => 75 + ((i * 7919) % 176))
  const total = lengths.reduce((sum, length) => sum + length - 1, 0)
  for (const length of lengths) streams.add(sequenceOf(length))
  const pieces = [...piecesOf(streams)].map(({ steps, rows }) => ({ steps, rows }))
  const computed = pieces.reduce((sum, { steps, rows }) => sum + steps * rows, 0)
  t.ok(computed - total < 2 * 100 * 256, `${computed - total} of ${computed} steps are padding`)
  const shapes = new Set(pieces.map(({ steps, rows }) => `${steps} × ${rows}`))
  t.ok(shapes.size <= 2, [...shapes].join(', '))
  t.end()
})

test('streams: one long sequence among many short ones gives up the rows that it does not need', t => {
  const streams = new Streams<Sequence>(100)
  for (const length of [60_000, ...Array<number>(99).fill(100)]) streams.add(sequenceOf(length))
  const pieces = [...piecesOf(streams)]
  t.deepEqual(
    pieces.slice(0, 3).map(({ rows }) => rows),
    [100, 1, 1],
  )
  t.ok(new Set(pieces.map(({ steps, rows }) => `${steps} × ${rows}`)).size <= 3)
  t.end()
})

test('streams: what is dropped leaves no state', t => {
  const streams = new Streams<Sequence>(2)
  const [dropped, kept, late] = [3000, 3001, 600].map(sequenceOf)
  for (const sequence of [dropped, kept]) streams.add(sequence)
  const first = streams.next()!
  const rowOfKept = first.parts.find(({ item }) => item === kept)!.row
  streams.drop(sequence => sequence === dropped)
  streams.add(late)
  const { regrouped, parts } = streams.next()!
  t.deepEqual([...regrouped!], [rowOfKept, -1])
  t.deepEqual(new Set(parts.map(({ item }) => item)), new Set([kept, late]))
  t.end()
})

test('waiting line: long ones first, all others in the order in which they came', t => {
  const line = new WaitingLine<Sequence>()
  const lengths = [10, 5000, 3000, 60_000, 6000, 20]
  for (const length of lengths) line.add(sequenceOf(length))
  t.equal(line.count, 6)
  line.drop(({ bases }) => bases.length === 3000)
  const taken = Array.from({ length: 6 }, () => line.take()?.bases.length)
  t.deepEqual(taken, [60_000, 5000, 6000, 10, 20, undefined])
  t.equal(line.count, 0)
  t.end()
})
