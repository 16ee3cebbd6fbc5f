import type { Instr } from '../../../kernel/expr.js'
import type { FunctionBuilder } from '../assembly/assembler.js'
import { f32x4, i32x4, type V128, v128 } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { lowerBounds } from './bounds.js'
import { exp, log, sigmoid, tanh } from './math.js'

/**
 * This folder has the code of every kind of kernel but products and loops, for one thread. elementwise.ts (maps and
 * copies), reduce.ts (with rowSum.ts), gather.ts (and its adjoint) and random.ts each define the function of a kernel in a
 * module; they walk memory with the loops, loads and stores of strided.ts, and compute scalar expressions, four at a time,
 * with this file and math.ts. bounds.ts knows which values need less care, compensation.ts how long sums stay exact.
 */

const isComparison = ({ op }: Instr): boolean => op === 'eq' || op === 'lt' || op === 'le'
const vectorOf = (dtype: Instr['dtype']) => (dtype === 'int32' ? i32x4 : f32x4)

/**
 * Emits lines of a kernel's body over four lanes. Comparisons are kept as masks, which is what `select` wants, and
 * become 1 and 0 where they are used as numbers.
 */
export class BodyEmitter {
  readonly #values: (V128 | undefined)[]

  constructor(
    readonly target: Target,
    readonly f: FunctionBuilder,
    readonly body: readonly Instr[],
    /** Values of lines that have been emitted already. */
    values: readonly (V128 | undefined)[] = [],
  ) {
    this.#values = [...values]
  }

  /** An emitter that knows the lines emitted so far: for code inside a loop that this code is outside of. */
  inner(): BodyEmitter {
    return new BodyEmitter(this.target, this.f, this.body, this.#values)
  }

  /** Emit `lines`; `load` gives the lanes of an input. */
  emit(lines: readonly number[], load: (input: number) => V128): void {
    for (const line of lines) {
      const instr = this.body[line]
      if (instr.op === 'const') this.#values[line] = vectorOf(instr.dtype).const(instr.value)
      else this.#values[line] = this.f.local(instr.op === 'input' ? load(instr.value) : this.#compute(instr))
    }
  }

  /** Four lanes of an emitted line. */
  value(line: number): V128 {
    const value = this.#values[line]
    if (!value) throw new Error(`kernel body: line ${line} is used before it is computed`)
    const instr = this.body[line]
    return isComparison(instr) ? v128.and(value, vectorOf(instr.dtype).const(1)) : value
  }

  /** Ones in the lanes in which a line is not 0. */
  #mask(line: number): V128 {
    const instr = this.body[line]
    const vector = vectorOf(instr.dtype)
    return (isComparison(instr) && this.#values[line]) || vector.ne(this.value(line), vector.const(0))
  }

  /** A choice of a value or 0 is one machine instruction, any other three. */
  #select(condition: number, yes: number, no: number): V128 {
    const mask = this.#mask(condition)
    const isZero = (line: number) => this.body[line].op === 'const' && Object.is(this.body[line].value, 0)
    if (isZero(no)) return v128.and(this.value(yes), mask)
    if (isZero(yes)) return v128.andnot(this.value(no), mask)
    return v128.bitselect(this.value(yes), this.value(no), mask)
  }

  #compute({ op, dtype, args }: Instr): V128 {
    const { target, f } = this
    // The operand of a cast has another dtype than its result.
    const from = this.body[args[0]].dtype
    const vector = vectorOf(from)
    const a = () => this.value(args[0])
    const b = () => this.value(args[1])
    switch (op) {
      case 'add':
      case 'sub':
      case 'mul':
      case 'min':
      case 'max':
      case 'eq':
      case 'lt':
      case 'le':
        return vector[op](a(), b())
      case 'neg':
      case 'abs':
        return vector[op](a())
      case 'div':
        return f32x4.div(a(), b())
      case 'floor':
      case 'sqrt':
        return f32x4[op](a())
      case 'exp':
        return exp(target, f, a())
      case 'log':
        return log(target, f, a(), lowerBounds(this.body)[args[0]])
      case 'tanh':
        return tanh(target, f, a())
      case 'sigmoid':
        return sigmoid(target, f, a())
      case 'select':
        return this.#select(args[0], args[1], args[2])
      case 'cast':
        if (from === dtype) return a()
        return dtype === 'int32' ? i32x4.trunc_sat_f32x4(a()) : f32x4.convert_i32x4(a())
      case 'and':
        return v128.and(a(), b())
      case 'shr':
        // Expressions shift by constants only.
        return i32x4.shr_u(a(), this.body[args[1]].value)
      case 'input':
      case 'const':
        throw new Error(`kernel body: ${op} has no arguments`)
      default:
        return op satisfies never
    }
  }
}
