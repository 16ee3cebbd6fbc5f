import type { OnnxValue } from '../graph/onnx.js'
import { kernelRecord, viewRecord } from '../graph/record.js'
import type { ElementwiseOp, Tensor } from '../graph/tensor.js'
import { input } from '../kernel/expr.js'
import { broadcastShapes, sameShape } from '../kernel/shape.js'
import { constantValue, hostData, repeatedBy } from '../ops/index.js'
import { bodyNodes, bodyStarts, type Picked, pickOf, scanAttrs, scanInputs } from '../scan/node.js'
import { inputsRead, writeExpression } from './expression.js'
import { factorise } from './sizes.js'
import { GraphWriter, type OnnxFile } from './writer.js'

/**
 * Writes a loop otherwise than as Scan: given the name of the first stacked input, it returns the names of the carries at all
 * steps [steps, ...], as far as the operator has them for results. The loop must begin as the operator does.
 */
export type LoopOperator = (writer: GraphWriter, x: string) => readonly (string | undefined)[]

/** Where nodes are written: the whole graph, or the body of a loop, whose nodes are `inside`. */
type Scope = {
  readonly writer: GraphWriter
  readonly names: Map<Tensor, string>
  readonly inside?: ReadonlySet<Tensor>
  readonly around?: Scope
}

/** A tensor whose value becomes part of the file. */
export type StoredValue = { readonly name: string; readonly value: Tensor }

/** What stands for values from outside in a trace. */
export type Surroundings = {
  /** The inputs, by their names. */
  readonly names: ReadonlyMap<Tensor, string>
  /** Parameters: in the file where they are used. */
  readonly stored: ReadonlyMap<Tensor, StoredValue>
  readonly loopOperator?: LoopOperator | undefined
}

/** Writes nodes of our graph, and what they are made of, into a file, each once. */
export class NodeWriter {
  /** Values that nodes use, and that are still to be added to the file. */
  readonly values: StoredValue[] = []
  readonly #top: Scope
  readonly #picks: Map<Tensor, Set<Picked>>
  readonly #loops = new Map<Tensor, Map<Picked, string>>()

  /** `outputs`: all nodes that will be asked for. */
  constructor(
    file: OnnxFile,
    readonly surroundings: Surroundings,
    outputs: readonly Tensor[],
  ) {
    this.#top = { writer: file.top, names: new Map(surroundings.names) }
    this.#picks = picksIn(outputs)
  }

  /** The name of a node's value, which is written unless it is there. */
  nameOf(t: Tensor, scope: Scope = this.#top): string {
    const home = homeOf(t, scope)
    const name = home.names.get(t) ?? this.#write(t, home)
    home.names.set(t, name)
    return name
  }

  #write(t: Tensor, scope: Scope): string {
    const stored = this.surroundings.stored.get(t)
    if (stored || t.storage || hostData(t)) return this.#value(t, stored)
    if (t.op.kind === 'source') {
      const value = constantValue(t)
      if (value === undefined) throw new RangeError(`onnx: ${t} has no value`)
      return scope.writer.scalar(value, t.dtype)
    }
    if (t.op.kind === 'elementwise') return this.#elementwise(t, t.op, scope)
    if (t.op.kind === 'pick') {
      const { scan, picked } = pickOf(t)
      const values = this.#loops.get(scan) ?? this.#loop(scan, scope)
      this.#loops.set(scan, values)
      const name = values.get(picked)
      if (name === undefined) throw new RangeError(`onnx: the operator of the loop has no output for ${t}`)
      return name
    }
    const record = viewRecord(t) ?? kernelRecord(t)
    if (!record?.op.onnx)
      throw new RangeError(
        `onnx: the operation '${t.op.name}' has no form in ONNX; do without it, or give its record a rule 'onnx'`,
      )
    try {
      return record.op.onnx(
        record.node,
        t.inputs.map(x => this.nameOf(x, scope)),
        scope.writer,
      )
    } catch (cause) {
      const problem = (cause as Error).message
      if (problem.startsWith('onnx: ')) throw cause
      throw new RangeError(`onnx: the operation '${t.op.name}' (${t}): ${problem}`, { cause })
    }
  }

  #value(t: Tensor, stored: StoredValue = { name: this.#top.writer.file.name('value'), value: t }): string {
    if (t.shape.some(size => factorise(size).axes.length))
      throw new RangeError(`onnx: ${t} is data for one size of an axis that is not fixed`)
    this.values.push(stored)
    return stored.name
  }

  /** Operators of ONNX broadcast, so what is repeated for the node's shape need not be. */
  #elementwise(t: Tensor, { expr }: ElementwiseOp, scope: Scope): string {
    const scalar = expr(...t.inputs.map((x, i) => input(i, x.dtype)))
    const read = inputsRead(scalar)
    const operands = t.inputs.map(repeatedBy)
    const shapes = operands.filter((_, i) => read.has(i)).map(x => x.shape)
    const isWhole = sameShape(broadcastShapes('onnx', shapes), t.shape)
    const names = operands.map((x, i) => (read.has(i) ? this.nameOf(x, scope) : ''))
    const value = writeExpression(scalar, names, scope.writer)
    return isWhole ? value : scope.writer.add('Expand', [value, scope.writer.sizes(t.shape)])
  }

  /** The values of a loop that somebody picks, by what is picked. */
  #loop(scan: Tensor, scope: Scope): Map<Picked, string> {
    const { body } = scanAttrs(scan)
    const { xs } = scanInputs(scan)
    const { loopOperator } = this.surroundings
    if (!loopOperator || scope.around) return this.#scan(scan, scope)
    const stacked = loopOperator(scope.writer, this.nameOf(xs[0], scope))
    return new Map(
      stacked.flatMap((name, i): [Picked, string][] =>
        name === undefined ? [] : [[body.carryOut[i], name]],
      ),
    )
  }

  #scan(scan: Tensor, scope: Scope): Map<Picked, string> {
    const { body, reverse } = scanAttrs(scan)
    const { init, xs } = scanInputs(scan)
    const { file } = scope.writer
    const port = (name: string, { dtype, shape }: Tensor): OnnxValue => ({
      name,
      dtype,
      shape: shape.map(size => file.declared(size)),
    })
    const picked = [...(this.#picks.get(scan) ?? [])].filter(p => typeof p !== 'number')
    const { inside } = bodyNodes([...body.carryOut, ...picked], bodyStarts(body))
    // Scan needs a stacked input, if only to know how many steps there are.
    const isUsed = (x: Tensor, i: number) => inside.has(x) || (i === 0 && !body.xIn.some(y => inside.has(y)))
    const used = body.xIn.map(isUsed)
    const xIn = body.xIn.filter((_, i) => used[i])

    const names = new Map<Tensor, string>()
    const inputs = [...body.carryIn, ...xIn].map(t => {
      const name = file.name('step')
      names.set(t, name)
      return port(name, t)
    })
    const starts = new Set([...inside, ...body.carryIn, ...xIn])
    const within: Scope = { writer: new GraphWriter(file), names, inside: starts, around: scope }
    const outputs = [...body.carryOut, ...picked].map(t => {
      const name = file.name('next')
      within.writer.rename(this.nameOf(t, within), name)
      return port(name, t)
    })
    const given = [...init, ...xs.filter((_, i) => used[i])].map(t => this.nameOf(t, scope))
    const directions = (count: number) => new Array<number>(count).fill(1)
    const results = scope.writer.addWith('Scan', given, outputs.length, {
      body: within.writer.finish(inputs, outputs),
      num_scan_inputs: xIn.length,
      ...(reverse && { scan_input_directions: directions(xIn.length) }),
      ...(reverse && picked.length && { scan_output_directions: directions(picked.length) }),
    })
    const keys: Picked[] = [...body.carryOut.keys(), ...picked]
    return new Map(keys.map((key, i) => [key, results[i]]))
  }
}

/** The scope that a node belongs to: the innermost loop around that it changes with, or the whole. */
function homeOf(t: Tensor, scope: Scope): Scope {
  let home = scope
  while (home.around && !home.inside?.has(t)) home = home.around
  return home
}

/** What is picked of every loop that `outputs` are made of, in bodies, too. */
function picksIn(outputs: readonly Tensor[]): Map<Tensor, Set<Picked>> {
  const picks = new Map<Tensor, Set<Picked>>()
  const seen = new Set<Tensor>()
  const stack = [...outputs]
  for (let t = stack.pop(); t !== undefined; t = stack.pop()) {
    if (seen.has(t)) continue
    seen.add(t)
    stack.push(...t.inputs)
    if (t.op.kind === 'scan') stack.push(...scanAttrs(t).body.carryOut)
    if (t.op.kind !== 'pick') continue
    const { scan, picked } = pickOf(t)
    picks.set(scan, (picks.get(scan) ?? new Set()).add(picked))
    if (typeof picked !== 'number') stack.push(picked)
  }
  return picks
}
