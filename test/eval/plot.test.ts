import fc from 'fast-check'
import test from 'tape'
import { evaluateScores, evaluationPlot, histogramPlot, rocCurve, rocPlot } from '../../eval/index.js'
import { scoresOf, uniforms } from './arbitrary.js'

/** Every opened element is closed in order, and every number is one. */
function isSound(svg: string): boolean {
  const open: string[] = []
  for (const [, close, name, selfClosing] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (close) {
      if (open.pop() !== name) return false
    } else if (!selfClosing) open.push(name)
  }
  return open.length === 0 && !/NaN|Infinity|undefined/.test(svg)
}

test('plot: sound SVG for any scores', t => {
  fc.assert(
    fc.property(scoresOf(1), scoresOf(1), (inScores, oodScores) => {
      const title = { title: 'Scores' }
      const histograms = histogramPlot([{ label: 'ratio', inScores, oodScores }], title)
      const roc = rocPlot([{ label: 'ratio', ...rocCurve(inScores, oodScores) }], title)
      return isSound(histograms) && isSound(roc)
    }),
  )
  t.pass('random scores with ties and infinities')
  t.end()
})

test('plot: an evaluation', t => {
  const reads = (seed: number, shift: number) => ({
    scores: {
      likelihood: uniforms(seed, 2000),
      ratio: uniforms(seed + 1, 2000).map((u, i) => (i === 5 ? Number.NaN : u + shift)),
    },
  })
  const both = { inDistribution: reads(1, 0.3), outOfDistribution: reads(11, 0) }
  const evaluation = evaluateScores(both, { replicates: 0 })
  const svg = evaluationPlot(both, evaluation, { title: 'Genera <new> & "old"', unit: 'nats per base' })
  t.ok(isSound(svg))
  t.match(svg, /<title id="plot-title">Genera &#60;new&#62; &#38; &#34;old&#34;<\/title>/)
  t.match(
    svg,
    /<desc [^>]*>ROC curves \(likelihood: AUROC 0\.\d{3} \[.*; ratio: AUROC .*1999 in-distribution and 1999 out/,
  )
  t.match(svg, />ratio \(nats per base\)</)
  t.equal(svg.match(/class="curve score/g)?.length, 4, 'two curves and their legend')
  t.equal(svg.match(/class="(in|ood) area"/g)?.length, 6, 'two histograms of two classes, and their legend')
  t.ok(svg.length < 40_000, `${svg.length} characters: a curve is as fine as the picture, not as the data`)
  t.equal(evaluationPlot(both, evaluation, { title: 'Genera <new> & "old"', unit: 'nats per base' }), svg)
  t.end()
})
