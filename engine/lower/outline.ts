import type { Remark } from '../graph/context.js'
import { collectRemarks } from '../graph/remarks.js'
import { type Kernel, type LoopArg, printKernel } from '../kernel/kernel.js'
import { operands, type Role } from '../kernel/operands.js'
import { bytesOfPlan } from './budget.js'
import type { Plan } from './plan.js'

/** A kernel of a plan, and whose results it takes. */
export type OutlinedKernel = {
  readonly kind: Kernel['kind']
  /** The kernel for people, as `explain` prints it. */
  readonly text: string
  /** Kernels of the same list, by position, whose results it reads: in a loop, those of the same step. */
  readonly after: readonly number[]
  /** Of a loop: how often its body runs, in which direction, and the kernels of one step. */
  readonly loop?: {
    readonly steps: number
    readonly reverse: boolean
    readonly kernels: readonly OutlinedKernel[]
  }
}

/** How a function is compiled, as data: what `explain` prints, for programs that draw it. */
export type Outline = {
  readonly kernels: readonly OutlinedKernel[]
  /** Bytes of arguments, results and temporaries together. */
  readonly bytes: number
  /** What the passes have said, in their order, each once. */
  readonly remarks: readonly Remark[]
}

/** A kernel and the buffers of its arguments: numbers that are equal for one buffer. */
type BoundKernel = { readonly kernel: Kernel; readonly buffers: readonly number[] }

/** Outline of what `plan` makes; it is called here, as remarks are made only while somebody listens. */
export function outlinePlan(plan: () => Plan): Outline {
  const { value, remarks } = collectRemarks(plan)
  const bound = value.launches.map(({ kernel, args }) => ({
    kernel,
    buffers: args.map(({ kind, index }) => 3 * index + ['leaf', 'output', 'scratch'].indexOf(kind)),
  }))
  const once = new Map(remarks.map(remark => [`${remark.pass}\n${remark.part}\n${remark.text}`, remark]))
  return { kernels: outlineKernels(bound), bytes: bytesOfPlan(value), remarks: [...once.values()] }
}

function outlineKernels(bound: readonly BoundKernel[]): OutlinedKernel[] {
  const lastWriter = new Map<number, number>()
  return bound.map(({ kernel, buffers }, position) => {
    const { read, written } = effects(kernel)
    const after = read.map(i => lastWriter.get(buffers[i])).filter(writer => writer !== undefined)
    for (const i of written) lastWriter.set(buffers[i], position)
    return {
      kind: kernel.kind,
      text: printKernel(kernel),
      after: [...new Set(after)].sort((a, b) => a - b),
      ...(kernel.kind === 'loop' && {
        loop: {
          steps: kernel.steps,
          reverse: kernel.reverse,
          kernels: outlineKernels(
            kernel.body.map(({ kernel, args }) => ({ kernel, buffers: firstStep(args) })),
          ),
        },
      }),
    }
  })
}

/** The buffers of arguments in the first step: there carries differ from what becomes of them. */
const firstStep = (args: readonly LoopArg[]): number[] => args.map(({ even }) => even)

/** Which of a kernel's arguments it reads, and which it writes. */
function effects(kernel: Kernel): { readonly read: readonly number[]; readonly written: readonly number[] } {
  if (kernel.kind !== 'loop') {
    const roles = operands(kernel).map(({ role }) => role)
    const allBut = (other: Role): number[] => roles.flatMap((role, i) => (role === other ? [] : [i]))
    return { read: allBut('write'), written: allBut('read') }
  }
  const inBody = kernel.body.map(({ kernel, args }) => {
    const { read, written } = effects(kernel)
    const buffers = (positions: readonly number[]): number[] =>
      positions.flatMap(i => [args[i].even, args[i].odd])
    return { read: buffers(read), written: buffers(written) }
  })
  return {
    read: [...new Set(inBody.flatMap(({ read }) => read))],
    written: [...new Set(inBody.flatMap(({ written }) => written))],
  }
}
