import test from 'tape'
import { concat, oneHot, pad, softmaxCrossEntropy, tensor, zeros } from '../../../engine/index.js'

// What operations say of arguments that do not fit: what was asked, what was got, what to do.

test('what is no tensor is named', t => {
  const x = zeros([2, 2]) as unknown as Record<string, (y?: unknown) => unknown>
  t.throws(() => x.add('3'), /add: got the string '3', give a tensor/)
  t.throws(() => x.mul(), /mul: got undefined, give a tensor/)
  t.throws(() => x.sub([1, 2]), /sub: got an array \(tensor\(values\) makes one of it\), give a tensor/)
  t.throws(() => x.matmul({}), /matmul: got an object, give a tensor/)
  t.throws(() => concat([zeros([1]), 2 as never]), /concat: got 2, give a tensor/)
  t.end()
})

test('tensors explain what does not fit', async t => {
  const x = tensor([[1, 2, 3, 4]]).expand(100, 4)
  const k = zeros([2000, 8000])
  t.throws(
    () => x.matmul(k),
    /^RangeError: matmul: \[100,4\] × \[2000,8000\]: inner sizes 4 and 2000 differ \(did you forget concat\(\[x, h\], 1\)\?\)$/,
  )
  t.throws(
    () => tensor([[1, 2], [3]]),
    /tensor: ragged array: 1 elements at \[1\], where an array of 2 is due/,
  )
  t.throws(
    () => tensor(new Float32Array(3), { shape: [2, 2] }),
    /tensor: 3 values do not fill the shape \[2,2\]/,
  )
  t.throws(
    () => tensor([1, 2]).add(tensor([1, 2, 3])),
    /add: \[2\] and \[3\]: sizes 2 and 3 of axis -1 do not broadcast/,
  )
  t.throws(
    () => tensor([1]).add(tensor([1], { dtype: 'int32' })),
    /add: float32 and int32 do not mix; cast one of them first/,
  )
  t.throws(() => tensor([1, 2]).reshape(3), /reshape: 2 elements of \[2\] do not fill \[3\]/)
  t.throws(() => tensor([1, 2]).sum(1), /sum: axis 1 of a tensor with 1 axes; give -1 to 0/)
  t.throws(
    () => concat([tensor([[1]]), tensor([[1, 2]])], 0),
    /concat: \[1,1\], \[1,2\] along axis 0: the other sizes differ/,
  )
  t.throws(() => tensor([1.5]).gather(tensor([0])), /gather: the index is float32; cast it to int32/)
  const many = await tensor([1, 2])
    .item()
    .catch((e: Error) => e.message)
  t.match(String(many), /item: \[2\] holds 2 values/)
  t.throws(() => tensor([1]).assign(new Float32Array(2)), /assign: 2 values do not fill \[1\]/)
  const gone = tensor([1])
  gone.dispose()
  t.match(
    String(
      await gone
        .add(1)
        .data()
        .catch((e: Error) => e.message),
    ),
    /has no value: it was disposed of/,
  )
})

test('numbers beside integers, and places, are checked', t => {
  const i = tensor([2, 4], { dtype: 'int32' })
  t.throws(() => i.mul(0.5), /the number 0.5 is no int32; cast the int32 tensors beside it to a float first/)
  t.throws(() => i.slice(0, 0.5), /slice: 0.5 to the end of axis 0; give integers/)
  t.throws(() => pad(i, 0, -1, 0), /pad: -1 before and 0 after; give integers, 0 or more/)
  t.throws(() => tensor([1, 2, 3]).add(zeros([0])), /add: \[3\] and \[0\]: .* do not broadcast/)
  t.deepEqual(tensor([1]).add(zeros([0])).shape, [0], 'one and none are none')
  const words = ['a'] as unknown as number[]
  t.throws(() => tensor(words), /tensor: ragged array: string at \[0\], where a number is due/)
  t.throws(() => tensor(null as unknown as number), /tensor: ragged array: object at the top/)
  t.throws(() => oneHot(tensor([1]), 2), /oneHot: the index is float32; cast it to int32/)
  const rows = zeros([2, 3])
  t.throws(() => softmaxCrossEntropy(rows, zeros([2])), /the targets are float32; cast them to int32/)
  t.throws(() => softmaxCrossEntropy(rows, zeros([3], 'int32')), /logits \[2,3\] and targets \[3\]/)
  t.end()
})
