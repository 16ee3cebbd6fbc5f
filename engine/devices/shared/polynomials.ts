/**
 * Constants by which devices compute exp, log, tanh and sigmoid in float32. Polynomials begin with their constant term; they
 * are minimax fits of our own, but for that of log, which is FreeBSD's (msun/src/e_logf.c).
 */

/** ln 2 in two parts; the first has few bits, so that its product with an exponent is exact. */
export const ln2High = 6.93145752e-1
export const ln2Low = 1.42860677e-6

/** Above it exp overflows to infinity; below -87.33654 it is less than the least normal float, and 0 is given. */
export const expMax = 88.72283
export const expMin = -87.33654

/** e^r is 1 + r + r² times this polynomial of r, for |r| <= ln(2)/2. */
export const expTail = [0.49999993, 0.16666521, 0.04166839, 0.008368711, 0.001381461]

/** log((1 + s) / (1 - s)) is 2s + s³ times this polynomial of s². */
export const logTail = [0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841]

/** Bits of the float sqrt(1/2): mantissas are taken from [sqrt(1/2), sqrt(2)). */
export const sqrtHalfBits = 0x3f3504f3

/** From here on tanh is 1 in float32 but for one rounding error, and the fraction below rounds to more than 1. */
export const tanhMax = 9
/** tanh(x) is x P(x²) / Q(x²), fitted so that it passes 1 just before 9. */
export const tanhNumerator = [
  1, 0.1308860613194142, 0.003109465804738054, 1.1225072183131315e-5, -2.0607679540382597e-8,
  5.520605429438254e-11, -9.264719629015098e-14,
]
export const tanhDenominator = [1, 0.46421929772473935, 0.024516041038768338, 0.0002554892818502424]
