import type { DType } from '../../../kernel/dtype.js'
import type { Instr } from '../../../kernel/expr.js'
import type { CopyKernel, MapKernel } from '../../../kernel/kernel.js'
import type { View } from '../../../kernel/shape.js'
import { collapse } from '../../shared/axes.js'
import { invariantLines, linesFor } from '../../shared/lines.js'
import type { FunctionBuilder, ModuleBuilder } from '../assembly/assembler.js'
import { type Usize, usize } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { BodyEmitter } from './body.js'
import { along, forEachIndex, forEachVectors, loadLanes, storeLanes } from './strided.js'

/** One pass over `shape`: load every input, compute, store every output. Maps and copies are both this. */
type Pass = {
  readonly shape: readonly number[]
  readonly inputs: readonly { readonly pointer: Usize; readonly view: View }[]
  readonly body: readonly Instr[]
  readonly outputs: readonly { readonly pointer: Usize; readonly view: View; readonly line: number }[]
}

/** Emit a pass: rows along the last axis in vectors of four lanes, in loops over all other axes. */
function emitPass(target: Target, f: FunctionBuilder, pass: Pass): void {
  const { inputs, body, outputs } = pass
  if (pass.shape.includes(0)) return
  const operands = [...inputs, ...outputs]
  const axes = collapse(
    pass.shape,
    operands.map(o => o.view.strides),
  )
  const length = axes.shape.at(-1) ?? 1
  const steps = axes.strides.map(s => s.at(-1) ?? 1)
  const lines = linesFor(
    body,
    outputs.map(o => o.line),
  )
  const invariant = invariantLines(body, input => steps[input] === 0)
  const varying = lines.filter(line => !invariant[line])
  const pointers = operands.map(o => f.local(usize.plus(o.pointer, 4 * o.view.offset)))

  const outer = axes.shape.slice(0, -1)
  const outerStrides = axes.strides.map(s => s.slice(0, -1))
  forEachIndex(f, outer, pointers, outerStrides, () => {
    const row = new BodyEmitter(target, f, body)
    row.emit(
      lines.filter(line => invariant[line]),
      input => loadLanes(f, pointers[input], 0, 0, 4),
    )
    forEachVectors(f, target, length, (index, start, counts) => {
      const offset = (vector: number, i: number) => 4 * (start + 4 * vector) * steps[i]
      const bases = pointers.map((pointer, i) => f.local(along(pointer, index, steps[i])))
      const emitters = counts.map((count, vector) => {
        const emitter = row.inner()
        emitter.emit(varying, i => loadLanes(f, bases[i], offset(vector, i), steps[i], count))
        return emitter
      })
      outputs.forEach(({ line }, o) => {
        const i = inputs.length + o
        counts.forEach((count, vector) => {
          storeLanes(f, bases[i], offset(vector, i), steps[i], count, emitters[vector].value(line))
        })
      })
    })
  })
}

/** Define the function of a map; its parameters are the kernel's arguments. */
export function defineMap(target: Target, module: ModuleBuilder, kernel: MapKernel): number {
  const { shape, inputs, body, outputs } = kernel
  return module.define(inputs.length + outputs.length, f =>
    emitPass(target, f, {
      shape,
      inputs: inputs.map(({ view }, i) => ({ pointer: f.params[i], view })),
      body,
      outputs: outputs.map(({ view, value }, i) => ({
        pointer: f.params[inputs.length + i],
        view,
        line: value,
      })),
    }),
  )
}

const inputLine = (dtype: DType, value: number): Instr => ({ op: 'input', dtype, args: [], value })

/** Define the function of a copy; its parameters are the kernel's arguments. */
export function defineCopy(target: Target, module: ModuleBuilder, kernel: CopyKernel): number {
  const { dtype, source, to, accumulate } = kernel
  // No element is written twice, so the order is free: the output's smallest stride goes innermost.
  const order = to.strides.map((_, d) => d).sort((a, b) => Math.abs(to.strides[b]) - Math.abs(to.strides[a]))
  const permuted = (view: View): View => ({ offset: view.offset, strides: order.map(d => view.strides[d]) })
  const filled = typeof source === 'number'
  return module.define(filled ? 1 : 2, f => {
    const out = { pointer: f.params[filled ? 0 : 1], view: permuted(to) }
    const inputs = filled ? [] : [{ pointer: f.params[0], view: permuted(source) }]
    const body = [filled ? { op: 'const' as const, dtype, args: [], value: source } : inputLine(dtype, 0)]
    if (accumulate) {
      body.push(inputLine(dtype, inputs.push(out) - 1), { op: 'add', dtype, args: [0, 1], value: 0 })
    }
    emitPass(target, f, {
      shape: order.map(d => kernel.shape[d]),
      inputs,
      body,
      outputs: [{ ...out, line: body.length - 1 }],
    })
  })
}
