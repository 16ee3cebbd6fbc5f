import test from 'tape'
import { checkCell } from '../../engine/testing/index.js'
import { findCell, shippedCells } from '../../model/index.js'

// Every cell in model/cells, or the one of `npm test -- --cell NAME`.
const asked = process.env.XENOGRAD_TEST_CELL
const cells = asked ? [await findCell(asked)] : await shippedCells()

for (const cell of cells)
  test(`cell ${cell.name}`, async t => {
    await checkCell(cell, { runs: asked ? 40 : 10 })
    t.pass('gradients equal differences, scan equals the plain loop')
  })
