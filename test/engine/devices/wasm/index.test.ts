import test from 'tape'
import type { DType } from '../../../../engine/kernel/dtype.js'
import type { CopyKernel, Kernel } from '../../../../engine/kernel/kernel.js'
import { devices, openWasm } from './support.js'

test('wasm: declines float64, refuses what would leave its buffers', async t => {
  const [device] = devices
  const copy = (dtype: DType): CopyKernel => ({
    kind: 'copy',
    dtype,
    shape: [2],
    source: 1,
    to: { offset: 0, strides: [1] },
    accumulate: false,
  })
  t.equal(device.compile(copy('float64')), null)
  const buffer = device.alloc(8)
  device.free(buffer)
  t.throws(() => device.free(buffer), /after it was freed/)
  t.throws(() => device.run(device.compile(copy('float32'))!, [buffer]), /after it was freed/)
  const small = device.alloc(4)
  t.throws(
    () => device.run(device.compile(copy('float32'))!, [small]),
    /argument 0 has 4 bytes, the kernel takes 8/,
  )
  t.throws(() => device.run(device.compile(copy('float32'))!, []), /0 arguments for a kernel of 1/)
  t.throws(() => device.write(small, new Float32Array(2)), /write of 8 bytes into a buffer of 4/)
  const outside: Kernel = { ...copy('float32'), to: { offset: 0, strides: [-1] } }
  t.throws(() => device.compile(outside), /starts 1 elements before its buffer/)
  const launch = { kernel: copy('float32'), args: [{ even: 0, odd: 0, offset: 0, stride: 8 }] }
  const loop: Kernel = { kind: 'loop', steps: 3, reverse: false, bytes: [16], body: [launch] }
  const closed = openWasm()
  await closed.close()
  t.throws(() => closed.alloc(4), /after it was closed/)
  t.throws(() => device.compile(loop), /takes bytes 0 to 24 of buffers of 16/)
  t.end()
})
