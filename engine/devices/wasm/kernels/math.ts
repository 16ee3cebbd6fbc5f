import {
  expMax,
  expMin,
  expTail,
  ln2High,
  ln2Low,
  logTail,
  sqrtHalfBits,
  tanhDenominator,
  tanhMax,
  tanhNumerator,
} from '../../shared/polynomials.js'
import type { FunctionBuilder } from '../assembly/assembler.js'
import { f32x4, i32x4, type V128, v128 } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'

/** exp, log, tanh and sigmoid over four lanes, emitted in line. */

/** Σ coefficients[i] x^i by Horner's rule. */
function polynomial(target: Target, f: FunctionBuilder, x: V128, coefficients: readonly number[]): V128 {
  let sum = f32x4.const(coefficients[coefficients.length - 1])
  for (let i = coefficients.length - 2; i >= 0; i--) sum = target.madd(sum, x, f32x4.const(coefficients[i]))
  return f.local(sum)
}

/** Adding this to a small float rounds it to an integer and leaves that integer in the low bits. */
const roundingShift = 1.5 * 2 ** 23

/**
 * e^x, max relative error 1.2e-7 (2 ulp). Infinity from 88.72284 on, 0 below -87.33654; NaN stays NaN.
 * exp(x) = 2^n * exp(r) with |r| <= ln(2)/2.
 */
export function exp(target: Target, f: FunctionBuilder, x: V128): V128 {
  const shifted = f.local(target.madd(x, f32x4.const(Math.LOG2E), f32x4.const(roundingShift)))
  const n = f.local(f32x4.sub(shifted, f32x4.const(roundingShift)))
  const high = target.nmadd(n, f32x4.const(ln2High), x)
  const r = f.local(target.nmadd(n, f32x4.const(ln2Low), high))
  const q = polynomial(target, f, r, expTail)
  const p = f32x4.add(target.madd(f32x4.mul(r, r), q, r), f32x4.const(1))
  // n is in the low bits of `shifted`: added to the exponent, it multiplies by 2^n.
  const scaled = i32x4.add(p, i32x4.shl(shifted, 23))
  const finite = v128.bitselect(
    scaled,
    f32x4.add(x, f32x4.const(Number.POSITIVE_INFINITY)),
    f32x4.le(x, f32x4.const(expMax)),
  )
  return v128.andnot(finite, f32x4.lt(x, f32x4.const(expMin)))
}

/** The least float that is no denormal. */
const leastNormal = 2 ** -126

/**
 * Natural logarithm, max error 1 ulp. -Infinity at 0, NaN below; denormals are exact. Method and coefficients of
 * FreeBSD's msun/src/e_logf.c: log(1 + f) from s = f / (2 + f). `least`: what no argument is below; from the least normal
 * float on the result is the same in fewer instructions.
 */
export function log(target: Target, f: FunctionBuilder, x: V128, least = Number.NEGATIVE_INFINITY): V128 {
  const isNormal = least >= leastNormal
  // A denormal is brought among the normal floats by 2^25, which comes off its exponent again.
  const denormal = f32x4.lt(x, f32x4.const(leastNormal))
  const raised = isNormal ? undefined : f.local(v128.and(denormal, i32x4.const(25 << 23)))
  const normal = raised ? f32x4.mul(x, i32x4.add(raised, f32x4.const(1))) : x
  const bits = f.local(i32x4.sub(normal, i32x4.const(sqrtHalfBits)))
  const k = f.local(f32x4.convert_i32x4(i32x4.shr_s(raised ? i32x4.sub(bits, raised) : bits, 23)))
  const mantissa = i32x4.add(v128.and(bits, i32x4.const(0x7fffff)), i32x4.const(sqrtHalfBits))
  const y = f.local(f32x4.sub(mantissa, f32x4.const(1)))
  const s = f.local(f32x4.div(y, f32x4.add(y, f32x4.const(2))))
  const z = f.local(f32x4.mul(s, s))
  const r = f32x4.mul(z, polynomial(target, f, z, logTail))
  const half = f.local(f32x4.mul(f32x4.mul(y, y), f32x4.const(0.5)))
  const low = target.madd(s, f32x4.add(half, r), f32x4.mul(k, f32x4.const(ln2Low)))
  const sum = f32x4.add(f32x4.sub(low, half), y)
  const regular = target.madd(k, f32x4.const(ln2High), sum)
  // So far infinity, NaN and 0 gave some finite number, to which what they are to give is added.
  const ofInfinite = v128.andnot(x, f32x4.lt(x, f32x4.const(Number.POSITIVE_INFINITY)))
  if (isNormal) return f32x4.add(regular, ofInfinite)
  const ofZero = v128.and(f32x4.eq(x, f32x4.const(0)), f32x4.const(Number.NEGATIVE_INFINITY))
  const notNegative = f32x4.add(regular, v128.or(ofZero, ofInfinite))
  // All bits set are a NaN.
  return v128.or(notNegative, f32x4.lt(x, f32x4.const(0)))
}

/** Here 2^(n + 1) below is infinity, and the sigmoid 0; from some way before 30 on it is 1. */
const sigmoidMin = -88.37
const sigmoidMax = 30

/**
 * 1 / (1 + e^-x), as 2 / (2 + 2 e^-x): max relative error 2e-7 from -87.33 on, and 1.2e-38 below; exactly 1 from 17.4 on, 0
 * at -Infinity; NaN stays NaN. The argument is clamped, so that e^-x needs none of exp's care for what is too large or too
 * small. It is scaled by a product, which hands on any NaN: added to an exponent, a NaN's low bits could make it a number.
 */
export function sigmoid(target: Target, f: FunctionBuilder, x: V128): V128 {
  const y = f.local(clamp(x, sigmoidMin, sigmoidMax))
  // The low bits are n + 128: as an exponent, 2^(n + 1).
  const shifted = f.local(target.madd(y, f32x4.const(-Math.LOG2E), f32x4.const(roundingShift + 128)))
  const n = f.local(f32x4.sub(shifted, f32x4.const(roundingShift + 128)))
  // u = -r: as wasm has no -a * b - c, the polynomial is taken of the negated remainder.
  const u = f.local(target.madd(n, f32x4.const(ln2Low), target.madd(n, f32x4.const(ln2High), y)))
  const q = polynomial(
    target,
    f,
    u,
    expTail.map((c, i) => (i % 2 ? -c : c)),
  )
  const p = target.madd(f32x4.mul(u, u), q, f32x4.sub(f32x4.const(1), u))
  const twicePower = f32x4.mul(p, i32x4.shl(shifted, 23))
  return f32x4.div(f32x4.const(2), f32x4.add(twicePower, f32x4.const(2)))
}

/** x between two bounds. pmin and pmax hand on a NaN that comes first. */
const clamp = (x: V128, least: number, most: number): V128 =>
  f32x4.pmax(f32x4.pmin(x, f32x4.const(most)), f32x4.const(least))

/**
 * Hyperbolic tangent, max relative error 3e-7 down to the least float; odd, and exactly ±1 from ±9 on. A fraction
 * x P(x²) / Q(x²), fitted so that it passes 1 just before 9 and is clamped there.
 */
export function tanh(target: Target, f: FunctionBuilder, x: V128): V128 {
  const y = f.local(clamp(x, -tanhMax, tanhMax))
  const square = f.local(f32x4.mul(y, y))
  const p = polynomial(target, f, square, tanhNumerator)
  const q = polynomial(target, f, square, tanhDenominator)
  return clamp(f32x4.div(f32x4.mul(y, p), q), -1, 1)
}
