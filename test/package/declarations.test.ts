import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'tape'
import { installTarball, manifest, typeErrors } from './tarball.js'

// xenograd/testing is about fast-check, which its users install.
const folder = installTarball(['fast-check'])

const doors = Object.entries(manifest.exports).flatMap(([door, files]) =>
  typeof files === 'string' ? [] : `xenograd${door.slice(1)}`,
)
writeFileSync(
  join(folder, 'doors.ts'),
  doors.map((door, i) => `export * as door${i} from '${door}'`).join('\n'),
)

// What people write without types, and what must not pass.
writeFileSync(
  join(folder, 'inference.ts'),
  `
import { compile, elementwise, explain, expr as s, gradients, ones, scan, type Tensor } from 'xenograd'

const step = compile((w, x, y) => {
  const loss = x.matmul(w).sub(y).square().mean()
  return { w: w.sub(gradients(loss, w).mul(0.1)), loss }
}, { donate: [0] })
export const { loss, w }: { loss: Tensor; w: Tensor } = step(ones([2, 2]), ones([2, 2]), ones([2, 2]))

const ofRecords = compile((p: { w: Tensor }, xs: readonly Tensor[]) => xs.map(x => p.w.add(x)))
export const sums: Tensor[] = ofRecords({ w: ones([1]) }, [ones([1])])
// @ts-expect-error a record is due
ofRecords(ones([1]), [ones([1])])
// @ts-expect-error there is no such method
compile(x => x.nosuch())

export const text: string = explain((p, x) => p.w.add(x), [{ w: ones([1]) }, ones([1])])
export const { carry, out } = scan((h, x) => ({ carry: h.add(x), out: h.mul(x) }), ones([1]), ones([3, 1]))
export const total: Tensor = carry.add(out)
export const half = elementwise('half', { expr: x => s.mul(x, 0.5), vjp: (g, [x]) => [g.mul(x).mul(0)] })
`,
)

for (const [compiler, module, moduleResolution] of [
  ['typescript', 'nodenext', 'nodenext'],
  ['typescript5', 'esnext', 'bundler'],
] as const)
  test(`the declarations of the package pass ${compiler}, --moduleResolution ${moduleResolution}`, t => {
    const options = { module, moduleResolution }
    const errors = typeErrors(compiler, folder, ['doors.ts', 'inference.ts'], options)
    t.equal(errors, '', `${doors.length} doors, strict, skipLibCheck: false`)
    t.end()
  })
