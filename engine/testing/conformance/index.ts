/**
 * The conformance suite for devices. `Suite` (suite.ts) is a device under test; each other file here tests one part of
 * the trait, in this order: who owns memory, the order of what is enqueued, every kind of kernel, every operation, random
 * scans, a training, and what closing leaves. Cases are drawn by ../generators and compared with the reference device,
 * within bounds that follow from the errors which the device states (errorBounds.ts).
 */
import { testConstants, testKernels, testWideKernels } from './kernels.js'
import { testOperations } from './operations.js'
import { testOrdering } from './ordering.js'
import { testClose, testOwnership } from './ownership.js'
import { testScans } from './scans.js'
import { type ConformanceOptions, Suite, type TestFunction } from './suite.js'
import { testTraining } from './training.js'

export { runKernel } from './kernels.js'
export { compareOnDevice } from './operations.js'
export type { Assertions, ConformanceOptions, TestFunction } from './suite.js'

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
  testWideKernels(suite)
  testOperations(suite)
  testScans(suite)
  testTraining(suite)
  testClose(suite)
}
