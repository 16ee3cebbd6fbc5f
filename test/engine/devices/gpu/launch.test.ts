import test from 'tape'
import { type Capabilities, Compiler } from '../../../../engine/devices/gpu/compiler.js'
import type { GpuJsKernel } from '../../../../engine/devices/gpu/gpujs.js'
import { type Command, commandsOf } from '../../../../engine/devices/gpu/launch.js'
import { Recordings } from '../../../../engine/devices/gpu/recordings.js'
import { Workspace } from '../../../../engine/devices/gpu/workspace.js'
import { copyKernel } from '../../../../engine/kernel/build.js'
import type { Kernel, LoopArg } from '../../../../engine/kernel/kernel.js'

// What launches ask of a GPU, without one: kernels are compiled by a gpu.js that only keeps their source.

const compilerWith = (capabilities: Partial<Capabilities> = {}) =>
  new Compiler<GpuJsKernel>(
    { Input: class {} },
    {
      addFunction: () => undefined,
      createKernel: (source: string) => ({
        kernel: { source, constructor: { mode: 'none' }, build: () => undefined },
      }),
      destroy: async () => {},
    },
    { maxBuffers: 8, saturation: 64, multipleStores: true, fixedThreads: true, ...capabilities },
  )

/** The commands of a launch on the named buffers. */
function launch(kernel: Kernel, buffers: readonly string[], inPlace = true): Command<GpuJsKernel, string>[] {
  const workspace = new Workspace<string>(
    bytes => `workspace ${bytes}`,
    () => {},
  )
  const aliasing = buffers.map(buffer => buffers.indexOf(buffer))
  const args = buffers.map(buffer => ({ buffer, byte: 0 }))
  return commandsOf(workspace, compilerWith().compile(kernel, aliasing), args, inPlace)
}

/** Commands for people: what is copied, and which buffers are used from which element on. */
const print = (commands: readonly Command<GpuJsKernel, string>[]): string[] =>
  commands.map(command =>
    command.kind === 'copy'
      ? `copy ${command.bytes} of ${command.from}+${command.fromByte} to ${command.to}+${command.toByte}`
      : `${command.buffers.join(' ')} from ${command.bases.join(' ')}`,
  )

const row = { offset: 0, strides: [1] }

test('gpu launches: a loop is every iteration of its body, backwards in reverse, with carries that alternate', t => {
  const arg = (even: number, odd: number, stride: number): LoopArg => ({ even, odd, offset: 4, stride })
  const loop: Kernel = {
    kind: 'loop',
    steps: 3,
    reverse: true,
    bytes: [100, 100, 100],
    body: [{ kernel: copyKernel('float32', [2], row), args: [arg(0, 1, 0), arg(2, 2, 8)] }],
  }
  t.deepEqual(print(launch(loop, ['a', 'b', 'c'])), ['a c from 1 5', 'b c from 1 3', 'a c from 1 1'])
  t.end()
})

test('gpu launches: what is read from a buffer that is written is copied before', t => {
  const shifted = copyKernel('float32', [4], { offset: 1, strides: [1] })
  t.deepEqual(print(launch(shifted, ['a', 'b'])), ['a b from 0 0'], 'two buffers')
  t.deepEqual(
    print(launch(shifted, ['a', 'a'])),
    ['copy 16 of a+4 to workspace 256+0', 'workspace 256 a from -1 0'],
    'one buffer: the elements that it reads, addressed as if they began where they did',
  )
  t.end()
})

test('gpu launches: a map reads what it writes in place where it knows that both are one buffer', t => {
  const negate: Kernel = {
    kind: 'map',
    shape: [4],
    inputs: [{ dtype: 'float32', view: row }],
    body: [
      { op: 'input', dtype: 'float32', args: [], value: 0 },
      { op: 'neg', dtype: 'float32', args: [0], value: 0 },
    ],
    outputs: [{ dtype: 'float32', view: row, value: 1 }],
  }
  t.deepEqual(print(launch(negate, ['a', 'a'])), ['a from 0 0'])
  t.deepEqual(print(launch(negate, ['a', 'b'])), ['a b from 0 0'])
  t.end()
})

test('gpu launches: what is added to is copied where a pass cannot read what it writes', t => {
  const added = copyKernel('float32', [4], row, { offset: 2, strides: [1] }, true)
  t.deepEqual(print(launch(added, ['a', 'b'])), ['a b from 0 0'])
  const [copy, dispatch] = launch(added, ['a', 'b'], false)
  t.deepEqual(print([copy]), ['copy 16 of b+8 to workspace 256+0'])
  t.deepEqual(dispatch.kind === 'dispatch' && dispatch.initial, { buffer: 'workspace 256', byte: -8 })
  t.end()
})

test('gpu launches: long sums go through temporary memory', t => {
  const sum: Kernel = {
    kind: 'reduce',
    op: 'sum',
    dtype: 'float32',
    shape: [1000],
    axes: 1,
    inputs: [{ dtype: 'float32', view: row }],
    body: [{ op: 'input', dtype: 'float32', args: [], value: 0 }],
    value: 0,
  }
  t.deepEqual(print(launch(sum, ['a', 'b'])), ['a workspace 256 from 0 0', 'workspace 256 b from 0 0'])
  t.end()
})

test('gpu compiler: what it declines, and kernels of the same source', t => {
  const compiler = compilerWith({ maxBuffers: 1 })
  t.notOk(compiler.takes(copyKernel('float32', [2], row)), 'more buffers than the adapter binds')
  t.ok(compiler.takes(copyKernel('float32', [2], 1)))
  t.notOk(compilerWith().takes(copyKernel('float64', [2], row)), 'float64')
  const compiled = [0, 8].map(offset =>
    compiler.compile(copyKernel('int32', [2], 7, { ...row, offset }), [0]),
  )
  const kernels = [...compiled, compiler.compile(copyKernel('int32', [2], 7), [0])].map(each =>
    each.kind === 'passes' ? each.passes[0].kernel : undefined,
  )
  t.equal(kernels[0], kernels[2], 'one for the same source')
  t.notEqual(kernels[0], kernels[1])
  t.end()
})

test('gpu recordings: the last four are kept, and the others given back', t => {
  const released: number[] = []
  const recordings = new Recordings<number>(recording => released.push(recording))
  for (const i of [1, 2, 3, 4, 5, 6]) recordings.set(`${i}`, i)
  t.deepEqual(released, [1, 2])
  t.deepEqual([recordings.get('2'), recordings.get('3')], [undefined, 3])
  t.end()
})
