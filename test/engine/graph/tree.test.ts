import test from 'tape'
import { entries, fillTree, leaves, mapTree, type Tensor, tensor } from '../../../engine/index.js'

const [a, b, c] = [tensor(1), tensor(2), tensor(3)]
const tree = { layers: [{ bias: a }, { bias: b }], scale: c }

test('tensors of a tree come in the order of their keys, with their paths', t => {
  t.deepEqual(
    entries(tree).map(([path, leaf]) => [path, leaf === a ? 'a' : leaf === b ? 'b' : 'c']),
    [
      ['layers.0.bias', 'a'],
      ['layers.1.bias', 'b'],
      ['scale', 'c'],
    ],
  )
  t.deepEqual(entries(a), [['', a]], 'a tensor is a tree')
  t.deepEqual(leaves({}), [])
  t.end()
})

test('a tree of other tensors has the same structure', t => {
  const paths: string[] = []
  const other = mapTree(tree, (leaf, path) => {
    paths.push(path)
    return leaf === c ? a : c
  })
  t.deepEqual(paths, ['layers.0.bias', 'layers.1.bias', 'scale'])
  t.ok(Array.isArray(other.layers))
  t.deepEqual([other.layers[0].bias, other.scale], [c, a])
  t.equal(tree.scale, c, 'the first one is as it was')
  t.deepEqual(leaves(fillTree(tree, [c, b, a])), [c, b, a])
  t.end()
})

test('what is no tensor is named with its path', t => {
  const wrong = (value: unknown) => value as Tensor
  t.throws(() => leaves({ x: { y: wrong(3) } }), /x\.y: got number, give tensors in records or arrays/)
  t.throws(() => leaves(wrong(null)), /tree: got null, give tensors/)
  t.throws(() => mapTree({ x: wrong(undefined) }, leaf => leaf), /x: got undefined/)
  t.end()
})
