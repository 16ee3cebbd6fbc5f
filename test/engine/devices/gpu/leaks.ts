import { compile, dispose, gradients, scan, type Tensor, tensor } from '../../../../engine/index.js'

// For tests that count what a GPU is asked to make and to give back, in Node and in browsers.

/** How often each of some methods is called while `body` runs. `of`: the object that has the method. */
export async function countCalls(
  targets: readonly { of: object; method: string }[],
  body: () => Promise<void>,
): Promise<number[]> {
  const counts = targets.map(() => 0)
  const originals = targets.map(
    ({ of, method }) => Reflect.get(of, method) as (...args: unknown[]) => unknown,
  )
  targets.forEach(({ of, method }, i) => {
    Reflect.set(of, method, function (this: unknown, ...args: unknown[]) {
      counts[i]++
      return Reflect.apply(originals[i], this, args)
    })
  })
  try {
    await body()
  } finally {
    targets.forEach(({ of, method }, i) => {
      Reflect.set(of, method, originals[i])
    })
  }
  return counts
}

/** A scan on a device, trained by donated steps: all that a training does to a device's memory. */
export function scanTraining(device: string): { steps(count: number): Promise<void>; dispose(): void } {
  const step = compile(
    (p: Tensor, xs: Tensor) => {
      const { carry } = scan(
        (h: Tensor, x: Tensor) => ({ carry: h.mul(p).add(x).tanh(), out: h }),
        xs.slice(0, 0, 1).squeeze(0),
        xs,
      )
      const loss = carry.square().sum()
      return { p: p.sub(gradients(loss, p).mul(0.1)), loss }
    },
    { device, donate: [0] },
  )
  const xs = tensor(
    Float32Array.from({ length: 12 }, (_, i) => Math.cos(i)),
    { shape: [4, 3] },
  )
  let p = tensor([0.5, -0.25, 1])
  return {
    async steps(count) {
      for (let i = 0; i < count; i++) {
        const result = step(p, xs)
        p = result.p
        await result.loss.item()
        result.loss.dispose()
      }
    },
    dispose() {
      dispose([p, xs])
      step.dispose()
    },
  }
}
