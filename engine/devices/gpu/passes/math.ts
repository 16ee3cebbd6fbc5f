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

/**
 * exp, log, tanh and sigmoid as functions in the language of dialect.ts, by the polynomials of shared/polynomials.ts:
 * WGSL's own are only good to 1e-5 by its specification, and its tanh may overflow. GPUs may take denormals for zero.
 */

/** Σ coefficients[i] x^i by Horner's rule. */
const polynomial = (x: string, coefficients: readonly number[]): string =>
  coefficients.reduceRight((sum, c) => (sum ? `(${sum} * ${x} + ${literal(c)})` : literal(c)), '')
const literal = (c: number): string => (c < 0 ? `(${c})` : `${c}`)

/** Infinity's bits in a variable, as WGSL refuses constants that are no numbers. */
const infinity = 'let intInfinity = 2139095040;'

const exp = `function expOf(x) {
  const n = Math.floor(x * ${Math.LOG2E} + 0.5);
  const r = x - n * ${ln2High} - n * ${ln2Low};
  const p = r * r * ${polynomial('r', expTail)} + r + 1;
  let intScaled = bitsOf(p) + (toInt(n) << 23);
  ${infinity}
  const bounded = x > ${expMax} ? ofBits(intInfinity) : ofBits(intScaled);
  const positive = x < ${expMin} ? 0.0 : bounded;
  return isNan(x) ? x : positive;
}`

const log = `function logOf(x) {
  let intBits = bitsOf(x) - ${sqrtHalfBits};
  const k = toFloat(intBits >> 23);
  const y = ofBits((intBits & 8388607) + ${sqrtHalfBits}) - 1;
  const s = y / (y + 2);
  const z = s * s;
  const r = z * ${polynomial('z', logTail)};
  const half = y * y * 0.5;
  const regular = k * ${ln2High} + (s * (half + r) + k * ${ln2Low} - half + y);
  ${infinity}
  let intNan = 2143289344;
  let intMinus = -8388608;
  const special = x < ${2 ** -126} ? ofBits(intMinus) : x;
  const negative = x < 0 ? ofBits(intNan) : special;
  return x >= ${2 ** -126} && x < ofBits(intInfinity) ? regular : negative;
}`

const tanh = `function tanhOf(x) {
  const y = Math.max(${-tanhMax}, Math.min(${tanhMax}, x));
  const square = y * y;
  const fraction = y * ${polynomial('square', tanhNumerator)} / ${polynomial('square', tanhDenominator)};
  const bounded = Math.max(-1, Math.min(1, fraction));
  return isNan(x) ? x : bounded;
}`

const sigmoid = `function sigmoidOf(x) {
  return 1 / (1 + expOf(-x));
}`

/** The functions, by the name of the primitive. */
export const functions = { exp, log, tanh, sigmoid } as const
