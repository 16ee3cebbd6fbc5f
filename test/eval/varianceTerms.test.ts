import test from 'tape'
import { normalConfidence, normalTail, tConfidence } from '../../eval/student.js'
import { cochranConfidence, cochranDegreesOfFreedom, welchConfidence } from '../../eval/varianceTerms.js'
import { isClose } from './arbitrary.js'

const term = (variance: number, degreesOfFreedom: number) => ({ variance, degreesOfFreedom })

test('terms of a variance: quantiles of the sum', t => {
  const terms = [term(4, 4), term(1, 19)]
  t.ok(isClose(cochranConfidence(terms), (4 * tConfidence(4) + tConfidence(19)) / 5), 'weighted mean')
  t.ok(
    isClose(tConfidence(cochranDegreesOfFreedom(terms)), cochranConfidence(terms), 1e-8),
    'as degrees of freedom',
  )
  t.ok(isClose(welchConfidence(terms), tConfidence(25 / (16 / 4 + 1 / 19))), 'Welch & Satterthwaite')
  t.ok(welchConfidence(terms) < cochranConfidence(terms) && cochranConfidence(terms) < tConfidence(4))
  t.end()
})

test('terms of a variance: edges', t => {
  t.equal(cochranConfidence([term(0, 3), term(0, 9)]), tConfidence(3), 'nothing varies: the fewest')
  t.equal(cochranDegreesOfFreedom([term(2, 7), term(1, 7)]), 7)
  t.equal(cochranConfidence([term(1, 7), term(0, 2)]), tConfidence(7), 'what does not vary does not count')
  t.ok(Number.isNaN(cochranConfidence([term(1, 0), term(1, 5)])), 'one cluster')
  t.ok(Number.isNaN(cochranDegreesOfFreedom([term(1, 0), term(1, 5)])))
  t.end()
})

test('the normal quantile and tail', t => {
  t.ok(Math.abs(tConfidence(1e9) - normalConfidence) < 1e-7)
  t.ok(Math.abs(normalTail(normalConfidence) - 0.025) < 1e-8)
  t.equal(normalTail(0), 0.5)
  t.end()
})
