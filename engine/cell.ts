import type { Tensor } from './graph/tensor.js'
import { mapTree } from './graph/tree.js'
import { printShape, type Shape } from './kernel/shape.js'
import { arange, full, where, zeros } from './ops/index.js'
import { dropout, fold, uniform } from './random.js'
import { scan } from './scan/scan.js'

/** What a cell is built for: how many features an input has, and how many each part of its state. */
export type CellSizes = { readonly input: number; readonly hidden: number }

/** A parameter: its shape (Glorot-uniform values), or its shape and the constant that it starts from. */
export type ParameterSpec = Shape | { readonly shape: Shape; readonly value: number }

/** A cell's parameters by name. */
export type Parameters = { readonly [name: string]: Tensor }
/** The state between steps, by name; every part is [batch, hidden]. */
export type Carry = { readonly [name: string]: Tensor }
/** What a step applies where it wants dropout: the identity outside of training. Each use in a step has a mask of its own. */
export type Dropout = (x: Tensor) => Tensor

/**
 * A recurrent cell: about ten lines of tensor maths. Everything else (gradients, the loop, checkpoints, training) is
 * derived from it.
 */
export type Cell<P extends string = string, C extends string = string> = {
  readonly name: string
  /** Shapes of the parameters by name. Names with `bias` in them are not regularised. */
  parameters(sizes: CellSizes): { readonly [name in P]: ParameterSpec }
  /** Names of the state's parts. */
  readonly carry: readonly C[]
  /** One step: from parameters, carry and input [batch, input] to the next carry and the output [batch, hidden]. */
  step(
    parameters: { readonly [name in P]: Tensor },
    carry: { readonly [name in C]: Tensor },
    x: Tensor,
    dropout: Dropout,
  ): { carry: { readonly [name in C]: Tensor }; out: Tensor }
}

/** A cell with the names of its parameters and carry known to the type checker. */
export const defineCell = <P extends string, C extends string>(cell: Cell<P, C>): Cell<P, C> => cell

/**
 * Glorot-uniform values, U(-l, l) with l = sqrt(6 / (fan in + fan out)) (Glorot & Bengio 2010, eq. 16). Fan out is the
 * last axis, fan in all others together; as in TensorFlow both fans of a vector are its length. `key`: int32 [2].
 */
export function glorotUniform(shape: Shape, key: Tensor, dtype: 'float32' | 'float64' = 'float32'): Tensor {
  const fanOut = shape[shape.length - 1] ?? 1
  const fanIn = shape.length < 2 ? fanOut : shape.slice(0, -1).reduce((a, b) => a * b, 1)
  const limit = Math.sqrt(6 / (fanIn + fanOut))
  return uniform(key, shape, 0, dtype)
    .mul(2 * limit)
    .sub(limit)
}

/** Initial parameters of a cell; parameter number i is drawn with `key` (int32 [2]) folded by i. */
export function initialParameters<P extends string>(
  cell: Cell<P, never> | Cell<P>,
  sizes: CellSizes,
  key: Tensor,
  dtype: 'float32' | 'float64' = 'float32',
): { readonly [name in P]: Tensor } {
  const specs = Object.entries<ParameterSpec>(cell.parameters(sizes))
  const values = specs.map(([name, spec], i) => [
    name,
    'value' in spec ? full(spec.shape, spec.value, dtype) : glorotUniform(spec, fold(key, i), dtype),
  ])
  return Object.fromEntries(values)
}

/** The state of a cell before the first step: zeros, each part [batch, hidden]. */
export const initialCarry = (
  cell: Cell,
  batch: number,
  hidden: number,
  dtype: Tensor['dtype'] = 'float32',
): Carry => Object.fromEntries(cell.carry.map(name => [name, zeros([batch, hidden], dtype)]))

/** A record that refuses names that it does not have; `'name' in record` asks. `asked` begins the message. */
const checked = <T extends { readonly [name: string]: Tensor }>(record: T, asked: string): T =>
  new Proxy(record, {
    get(target, name) {
      if (typeof name === 'string' && !(name in target))
        throw new TypeError(`${asked} '${name}'; there is ${Object.keys(target).join(', ') || 'none'}`)
      return Reflect.get(target, name)
    },
  })

/** Dropout in training: its rate, and the random key that masks are drawn from. */
type DropoutNoise = { readonly rate: number; readonly key: Tensor }

/**
 * One step of a cell: from carry and input `x` [batch, input] to the next carry and the output [batch, hidden]. `t`: the
 * step's number (an int32 scalar, or a number), the stream of its dropout masks; they are only drawn with `noise`.
 * @throws TypeError when the cell's step asks for a parameter or a part of the carry that is not there, or returns no
 * output, or not all parts of the carry.
 */
export function stepCell(
  cell: Cell,
  parameters: Parameters,
  carry: Carry,
  x: Tensor,
  t: Tensor | number,
  noise?: DropoutNoise,
): { carry: Carry; out: Tensor } {
  let uses = 0
  const drop: Dropout = y =>
    noise && noise.rate > 0 ? dropout(y, noise.rate, fold(noise.key, uses++), t) : y
  const result: unknown = cell.step(
    checked(parameters, `cell '${cell.name}': the step asks for the parameter`),
    checked(carry, `cell '${cell.name}': the step asks for the carry`),
    x,
    drop,
  )
  if (typeof result !== 'object' || result === null)
    throw new TypeError(
      `cell '${cell.name}': the step returns ${result === undefined ? 'nothing' : String(result)}; it must end with return { carry: { ${cell.carry.join(', ')} }, out }`,
    )
  const { carry: next, out } = result as ReturnType<Cell['step']>
  if (!out) throw new TypeError(`cell '${cell.name}': the step returns no 'out'`)
  for (const name of cell.carry)
    if (!next?.[name]) throw new TypeError(`cell '${cell.name}': the step returns no carry '${name}'`)
  return { carry: next, out }
}

/** How `runCell` goes over a sequence. */
export type CellRunOptions = {
  /** From the last step to the first. */
  readonly reverse?: boolean
  /**
   * What to make of a step's output [batch, hidden]; the identity by default. Here rather than after the loop it costs no
   * more time, and less memory where the loop keeps checkpoints only.
   */
  readonly read?: (out: Tensor) => Tensor
  /**
   * [steps, batch], of any dtype: where it is not 0 a sequence ends with that step, and the next one begins with zeros. (After
   * a step rather than before it: so one kernel writes the state that goes on and the output that does not.)
   */
  readonly ends?: Tensor
}

/**
 * Run a cell over a sequence: `xs` [steps, batch, input] to outputs [steps, batch, hidden] (or what `read` makes of them)
 * and the last carry. `noise`: dropout in training.
 * @throws RangeError unless xs has three axes; as `stepCell` and `scan`.
 */
export function runCell(
  cell: Cell,
  parameters: Parameters,
  carry: Carry,
  xs: Tensor,
  noise?: DropoutNoise,
  { reverse = false, read = h => h, ends }: CellRunOptions = {},
): { carry: Carry; out: Tensor } {
  if (xs.rank !== 3)
    throw new RangeError(`runCell: xs is ${printShape(xs.shape)}; give [steps, batch, input]`)
  return scan(
    (state: Carry, { x, t, end }: { x: Tensor; t: Tensor; end?: Tensor }) => {
      const { carry: next, out } = stepCell(cell, parameters, state, x, t, noise)
      return { carry: end ? mapTree(next, part => where(end, 0, part)) : next, out: read(out) }
    },
    carry,
    { x: xs, t: arange(xs.shape[0]), ...(ends && { end: ends.unsqueeze(-1) }) },
    { reverse },
  )
}
