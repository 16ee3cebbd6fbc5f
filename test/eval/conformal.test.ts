import fc from 'fast-check'
import test from 'tape'
import { Calibration, FalseDiscovery } from '../../eval/index.js'
import { scoresOf, uniforms } from './arbitrary.js'

/** Normal scores whose spread falls with the length, as a mean over bases has it. */
const scoresAt = (length: number, count: number, seed: number): number[] =>
  normals(seed * 7919 + length, count).map(normal => -1.3 + normal * Math.sqrt(0.001 + 1 / length))

/** Scores whose mean and spread rise with the length, as those of leads do, which are sums over bases. */
const leadsAt = (length: number, count: number, seed: number): number[] =>
  normals(seed * 7919 + length, count).map(
    normal => length * (0.13 + normal * Math.sqrt(0.01 + 0.3 / length)),
  )

function normals(seed: number, count: number): number[] {
  const u = uniforms(seed, 2 * count)
  return Array.from(
    { length: count },
    (_, i) => Math.sqrt(-2 * Math.log(1 - u[2 * i])) * Math.cos(2 * Math.PI * u[2 * i + 1]),
  )
}

/** The largest distance of the values' distribution from the uniform one (Kolmogorov and Smirnov). */
function distanceFromUniform(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const n = sorted.length
  return Math.max(...sorted.map((p, i) => Math.max((i + 1) / n - p, p - i / n)))
}

test('conformal p-values are what their definition says, at every calibrated length', t => {
  const fewest = 19
  fc.assert(
    fc.property(scoresOf(fewest), fc.double({ min: -6, max: 6, noNaN: true }), (scores, score) => {
      const p = new Calibration([{ length: 250, scores }]).pValue(score, 250)
      return p === (1 + scores.filter(s => s <= score).length) / (scores.length + 1)
    }),
  )
  t.end()
})

test('conformal p-values: monotone in the score, between those of both lengths, none below the shortest', t => {
  const lengths = [100, 400, 1600]
  const calibration = new Calibration(lengths.map(length => ({ length, scores: scoresAt(length, 200, 1) })))
  t.deepEqual(calibration.lengths, lengths)
  const scores = scoresAt(100, 300, 2).sort((a, b) => a - b)
  for (const length of [100, 200, 400, 1000, 5000]) {
    const p = scores.map(score => calibration.pValue(score, length))
    t.ok(
      p.every((x, i) => x >= 1 / 201 && x <= 1 && (i === 0 || x >= p[i - 1])),
      `${length} bases`,
    )
  }
  for (const score of scores) {
    const [at100, at200, at400] = [100, 200, 400].map(length => calibration.pValue(score, length))
    if (at200 < Math.min(at100, at400) || at200 > Math.max(at100, at400))
      t.fail(`score ${score}: ${at100}, ${at200}, ${at400}`)
  }
  t.equal(calibration.pValue(-1.3, 1e6), calibration.pValue(-1.3, 1600), 'beyond the longest')
  t.ok(Number.isNaN(calibration.pValue(-1.3, 99)))
  t.ok(Number.isNaN(calibration.pValue(Number.NaN, 100)))
  t.end()
})

test('conformal p-values between two lengths are those of scores between theirs', t => {
  const [first, second] = [scoresAt(100, 99, 1), scoresAt(400, 99, 1)].map(scores =>
    scores.sort((a, b) => a - b),
  )
  const calibration = new Calibration([
    { length: 100, scores: first },
    { length: 400, scores: second },
  ])
  const halfway = first.map((score, i) => 0.5 * score + 0.5 * second[i])
  for (const score of scoresAt(200, 200, 2))
    if (
      calibration.pValue(score, 200) !==
      new Calibration([{ length: 200, scores: halfway }]).pValue(score, 200)
    )
      t.fail(`score ${score}`)
  t.equal(calibration.leastRate(200), 0.01)
  const perBase = first.map((score, i) => 200 * (0.5 * (score / 100) + 0.5 * (second[i] / 400)))
  const ofSums = new Calibration([{ length: 200, scores: perBase }])
  const [low, high] = [perBase[4], perBase[90]]
  for (let i = 0; i < 200; i++) {
    const score = low + ((i + 0.5) / 200) * (high - low)
    if (calibration.pValue(score, 200, true) !== ofSums.pValue(score, 200)) t.fail(`score ${score}, a sum`)
  }
  t.end()
})

test('conformal p-values beyond the longest length: of a mean as it is, of a sum per base', t => {
  const scores = Float64Array.from({ length: 99 }, (_, i) => i)
  const calibration = new Calibration([100, 1000].map(length => ({ length, scores })))
  t.equal(calibration.pValueOf(50.5, 1_000_000 - 1), calibration.pValue(50.5, 1000))
  t.equal(calibration.pValueOf(50_500, 1_000_000 - 1, true), calibration.pValue(50.5, 1000))
  t.equal(calibration.pValueOf(50_500, 1_000_000 - 1), 1, 'of a sum, all that is long would be known')
  t.equal(calibration.pValueOf(50.5, 1000 - 1, true), calibration.pValue(50.5, 1000), 'up to it as it is')
  t.equal(calibration.threshold(0.5, 1_000_000, true), 1000 * calibration.threshold(0.5, 1000))
  t.end()
})

test('the threshold of a rate: p-values below it are at most the rate, and above it from it on', t => {
  // Of a few whole numbers, with ties in one length and over two, or of any with infinities.
  const some = fc.oneof(
    fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 19, maxLength: 60 }),
    scoresOf(19),
  )
  fc.assert(
    fc.property(
      fc.tuple(some, some, some),
      fc.oneof(fc.double({ min: 0, max: 1.1, noNaN: true }), fc.constantFrom(1 / 20, 2 / 21, 3 / 40)),
      fc.oneof(fc.constantFrom(100, 400, 410, 1000), fc.integer({ min: 100, max: 450 })),
      fc.boolean(),
      (scores, rate, length, isSum) => {
        const calibration = new Calibration(
          scores.map((ofLength, i) => ({ length: [100, 400, 410][i], scores: ofLength })),
        )
        const threshold = calibration.threshold(rate, length, isSum)
        const tried = [threshold, Number.NEGATIVE_INFINITY, ...scores.flat()]
        for (let score = -6; score <= 6; score += 0.5) tried.push(score)
        return tried
          .filter(score => score < Number.POSITIVE_INFINITY)
          .every(score => {
            const p = calibration.pValue(score, length, isSum)
            return p <= rate === score < threshold && p >= 1 / 61 && p <= 1
          })
      },
    ),
  )
  const calibration = new Calibration([{ length: 100, scores: scoresAt(100, 40, 1) }])
  t.ok(Number.isNaN(calibration.threshold(0.05, 99)), 'none below the shortest')
  t.equal(calibration.pValueOf(-1.3, 99), calibration.pValue(-1.3, 100), 'the first base is not predicted')
  t.end()
})

test('conformal p-values are uniform on held-out fragments of every length, and calls keep their rate', t => {
  const lengths = [100, 160, 250, 400, 630, 1000]
  const between = [115, 130, 200, 320, 500, 800]
  for (const [kind, sample] of Object.entries({ means: scoresAt, leads: leadsAt })) {
    const calibration = new Calibration(lengths.map(length => ({ length, scores: sample(length, 2000, 1) })))
    for (const length of [...lengths, ...between]) {
      const p = sample(length, 2000, 2).map(score => calibration.pValue(score, length, kind === 'leads'))
      // The critical distance at 1 % for two samples of 2000: the calibration is a sample, too.
      const distance = distanceFromUniform(p)
      t.ok(distance < 1.63 * Math.sqrt(2 / 2000), `${kind}, ${length} bases: ${distance}`)
      const calls = p.filter(ofFragment => ofFragment <= 0.05).length
      const deviation = Math.sqrt(2 * 0.05 * 0.95 * 2000)
      t.ok(
        Math.abs(calls - 100) <= 3 * deviation,
        `${kind}, ${length} bases: ${calls} of 2000 called unknown at 5 %`,
      )
    }
  }
  t.end()
})

test('conformal: calibrations that make no sense are refused', t => {
  const scores = scoresAt(100, 30, 1)
  t.throws(() => new Calibration([]), /no length has scores/)
  t.throws(
    () => new Calibration([{ length: 100, scores: [1, 2] }]),
    /length 100 has 2 scores, give 19 or more/,
  )
  t.throws(() => new Calibration([{ length: 0.5, scores }]), /got length 0.5/)
  t.throws(
    () =>
      new Calibration([
        { length: 100, scores },
        { length: 100, scores },
      ]),
    /given twice/,
  )
  t.throws(() => new Calibration([{ length: 100, scores: [...scores, Number.NaN] }]), /is NaN/)
  t.end()
})

test('false discovery: the step-up procedure of Benjamini and Hochberg', t => {
  const pValues = fc.array(fc.integer({ min: 1, max: 40 }).map(k => k / 40))
  fc.assert(
    fc.property(pValues, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (ps, level) => {
      const discovery = new FalseDiscovery()
      for (const p of [...ps, Number.NaN]) discovery.add(p)
      const sorted = ps.toSorted((a, b) => a - b)
      const rejected = sorted.findLastIndex((p, i) => p <= (level * (i + 1)) / ps.length) + 1
      return ps.filter(p => p <= discovery.threshold(level)).length === rejected
    }),
  )
  t.end()
})
