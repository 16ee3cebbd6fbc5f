import test from 'tape'
import { bestLine, isExhausted } from '../../model/bestValidation.js'

const lines = [0.5, undefined, 0.7, 0.6, undefined, 0.7, 0.65].map((auroc, step) => ({
  step,
  ...(auroc !== undefined && { auroc, val_loss: 1 + step }),
}))

test('the best validation: of the highest AUROC or the lowest loss, the first of equals', t => {
  t.equal(bestLine(lines, 'auroc')?.step, 2)
  t.equal(bestLine(lines, 'val_loss')?.step, 0)
  t.equal(bestLine(lines.slice(1, 2), 'auroc'), undefined)
  t.end()
})

test('patience is counted in validations without a better one', t => {
  t.notOk(isExhausted([], 'auroc', 1))
  t.notOk(isExhausted(lines.slice(0, 3), 'auroc', 1), 'the last is the best')
  t.ok(isExhausted(lines.slice(0, 4), 'auroc', 1))
  t.notOk(isExhausted(lines, 'auroc', 4))
  t.ok(isExhausted(lines, 'auroc', 3))
  t.end()
})
