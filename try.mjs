import { createRequire } from 'node:module'
import { shippedCells, initialState, saveOnnxModel, loadModel, Scorer, saveTorchLayout } from './dist/model/index.js'
import { defineCell, concat, elementwise, expr as s, entries } from './dist/engine/index.js'
const ort = createRequire('/tmp/ort/x.js')('onnxruntime-node')
const softsign = elementwise('softsign', { expr: x => s.div(x, s.add(s.abs(x), 1)), vjp: (g, [x]) => [g.div(x.abs().add(1).square())] })
const own = defineCell({ name: 'own', parameters: ({input, hidden}) => ({kernel: [input+hidden, 2*hidden], bias:[2*hidden]}), carry: ['h'],
 step: ({kernel,bias},{h},x) => { const [a,b] = concat([x,h],1).matmul(kernel).add(bias).split(1,2); const hNext = softsign(a).mul(b.sigmoid()).add(h.mul(0.5)); return {carry:{h:hNext}, out:hNext}} })
const rnd = n => Uint8Array.from({length:n}, () => Math.random()*4)
for (const cell of [...await shippedCells(), own]) for (const embedding of [false, true]) {
  const options = { cell, hidden: 16, embedding }
  const state = initialState({...options, seed: 3})
  const path = `/tmp/out.${cell.name}.onnx`
  await saveOnnxModel(path, { path: '', options, state, metadata: {step:'3'} })
  const reads = [rnd(40), rnd(250), rnd(2), rnd(100)]
  reads[1][7] = 4; reads[1][8]=4; reads[0][0]=4
  const L = 250
  const tokens = new Int32Array(4*L).fill(4); reads.forEach((r,i)=>tokens.set(r,i*L))
  const session = await ort.InferenceSession.create(path, {intraOpNumThreads:1})
  const out = await session.run({ tokens: new ort.Tensor('int32', tokens, [4, L]) })
  const scorer = new Scorer(options, state.parameters)
  const perBase = reads.map(r => new Float32Array(r.length))
  const ours = await scorer.score(reads, {perBase})
  let d=0, e=0
  ours.forEach((o,i)=> { d=Math.max(d, Math.abs(o.sum-out.log_likelihood.data[i])); if (o.count!==out.predictions.data[i]) console.log('COUNT', o.count, out.predictions.data[i]); perBase[i].forEach((v,t)=> e=Math.max(e, Math.abs(v-out.base_log_likelihood.data[i*L+t])))})
  console.log(cell.name, embedding, 'sum', d, 'base', e, ours[1].sum)
  const back = await loadModel(path, cell===own? own: undefined)
  const a = entries(state.parameters), b = entries(back.state.parameters)
  for (let i=0;i<a.length;i++) { const [x,y]=[await a[i][1].data(), await b[i][1].data()]; if (a[i][0]!==b[i][0] || x.length!==y.length|| x.some((v,j)=>v!==y[j])) console.log('DIFF', a[i][0]) }
}
