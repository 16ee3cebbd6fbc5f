import type { DeviceOptions } from '../index.js'
import { testConstants, testKernels } from './conformance/kernels.js'
import { testOperations } from './conformance/operations.js'
import { testOrdering } from './conformance/ordering.js'
import { testClose, testOwnership } from './conformance/ownership.js'
import { testScans } from './conformance/scans.js'
import { Suite } from './conformance/suite.js'
import { testTraining } from './conformance/training.js'

/** What a test reports to: tape's `t`, or anything with these functions. */
export type Assertions = {
  pass(message: string): void
  fail(message: string): void
  skip?(message: string): void
}

/**
 * What the suite needs of a test runner: `test` of tape, or a function of one's own. It runs one test after the other,
 * in the order in which they are given, each until its promise is settled.
 */
export type TestFunction = (name: string, body: (t: Assertions) => Promise<void>) => unknown

export type ConformanceOptions = {
  /** What the device is opened with. */
  readonly open?: DeviceOptions
  /** Random cases, as a multiple of the usual number (default 1; a slow device may take 0.1, a long night 20). */
  readonly effort?: number
  /** The seed of all random cases, as a failure printed it (default: another one every time). */
  readonly seed?: number
  /** When the device is not available: fail (the default), or say so once and pass. */
  readonly unavailable?: 'fail' | 'skip'
}

/**
 * Test a device, by the name that it is registered with, against the reference device: one call generates all tests.
 * Tolerances are those that the device states (`mapEps`, `matmulEps`). Needs the package fast-check.
 */
export function deviceConformance(test: TestFunction, name: string, options: ConformanceOptions = {}): void {
  const suite = new Suite(test, name, options)
  testOwnership(suite)
  testOrdering(suite)
  testKernels(suite)
  testConstants(suite)
  testOperations(suite)
  testScans(suite)
  testTraining(suite)
  testClose(suite)
}
