import type { Acl } from './acl.js'
import { AscendError } from './errors.js'
import type { Launcher } from './launcher.js'
import type { Precision } from './options.js'
import { cubeMathTypes } from './prototypes.js'
import { type Call, isRef, printCall, RefusedError, type Sequence } from './sequence.js'

/**
 * The largest relative error that a good card may make in an operation in float32: what CANN accepts of contributed
 * operators, 2^-10 beside 2^-16 absolute (hicann/opbase `docs/zh/ops_precision_standard`). Cards are expected to do far
 * better, but nobody promises it; the self-check and the conformance suite print what they measure.
 */
export const acceptedError = 2 ** -10

/** What a matmul's operands are rounded to: the operator's cubeMathType, and the largest relative error. */
type MatmulMode = {
  readonly cubeMathType: number
  readonly eps: number
  /** For the device's description. */
  readonly words: string
}

/** The first generation (Ascend910A, 910ProB …) and the inference cards: their matrix unit takes fp16 only. */
export const hasOnlyFp16 = (soc: string): boolean => /^Ascend(910(A|B|Pro[AB]|PremiumA)?|310P\d?)$/.test(soc)

/** How a chip multiplies in the precision `asked` for, by default its best. @throws RangeError for one that it lacks. */
export function matmulMode(soc: string, asked: Precision | undefined): MatmulMode {
  const only16 = hasOnlyFp16(soc)
  const precision = asked ?? (only16 ? 'fp16' : 'fp32')
  if (only16 && precision !== 'fp16')
    throw new RangeError(
      `ascend: precision ${precision} on ${soc}: its matrix unit takes fp16 only; give fp16`,
    )
  const { keepDtype, allowFp32DownPrecision, useFp16, useHf32 } = cubeMathTypes
  if (precision === 'fp32') return { cubeMathType: keepDtype, eps: acceptedError, words: 'float32 matmul' }
  // Both operands to 11 bits, and the sum.
  const eps = 2 ** -10 + acceptedError
  if (precision === 'hf32')
    return { cubeMathType: useHf32, eps, words: 'float32 matmul with operands rounded to HF32' }
  if (only16) {
    const words = 'float32 matmul with operands rounded to fp16 (a loss scale is advisable)'
    return { cubeMathType: allowFp32DownPrecision, eps, words }
  }
  // Later chips round the result, too (hicann/ops-nn `matmul/common/op_host/op_api/matmul_util.cpp`, support_info).
  const words =
    'matmul in fp16, operands and results (a loss scale is advisable; what is above 65504 is infinite)'
  return { cubeMathType: useFp16, eps: eps + 2 ** -11, words }
}

/**
 * What a chip takes, found by asking: phase one of an operator refuses what the chip has no kernel for. Each
 * combination of operator and dtypes is asked once.
 */
export class Chip {
  readonly #refusals = new Map<string, string | null>()

  constructor(
    readonly acl: Acl,
    readonly cubeMathType: number,
    readonly launcher: Launcher,
  ) {}

  /**
   * Append the calls of the first alternative of which the chip takes every operator. `operation`: what they do, for the
   * error; `alternatives`: each appends its calls to `s`, best first.
   * @throws RefusedError that says what was refused of each.
   */
  emit(s: Sequence, operation: string, alternatives: readonly (() => void)[]): void {
    const reasons: string[] = []
    for (const append of alternatives) {
      const before = s.calls.length
      try {
        append()
        const refusal = s.calls
          .slice(before)
          .map(call => this.refusal(call))
          .find(reason => reason !== null)
        if (refusal === undefined) return
        reasons.push(refusal)
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error
        reasons.push(error.message)
      }
      s.calls.length = before
    }
    throw new RefusedError(`no aclnn operators for '${operation}' on ${this.acl.soc} (${reasons.join('; ')})`)
  }

  /** @throws RefusedError naming the first call of a sequence that the chip does not take. */
  checkTaken(s: Sequence): void {
    for (const call of s.calls) {
      const reason = this.refusal(call)
      if (reason !== null)
        throw new RefusedError(`${printCall(call)} is refused on ${this.acl.soc} (${reason})`)
    }
  }

  /** Why the chip does not take a call's operator with these dtypes, or null if it does. */
  refusal(call: Call): string | null {
    const dtypes = call.operands.map(o => (isRef(o) ? o.dtype : typeof o === 'object' ? '' : o))
    const key = `${call.operator} ${dtypes.join()}`
    let reason = this.#refusals.get(key)
    if (reason === undefined) {
      reason = this.#ask(call)
      this.#refusals.set(key, reason)
    }
    return reason
  }

  #ask(call: Call): string | null {
    if (!this.acl.operator(call.operator)) return `this version of CANN has no aclnn${call.operator}`
    try {
      this.launcher.tryPlan(call)
      return null
    } catch (error) {
      if (!(error instanceof AscendError && error.isRefusal)) throw error
      return `aclnn${call.operator}: ${error.summary}`
    }
  }
}
