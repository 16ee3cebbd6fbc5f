// A researcher's notebook: the library's calls, from reads to an evaluation.
import { compile, gradients, openDevice, tensor } from 'xenograd'
import { syntheticReads, writeReads } from 'xenograd/data'
import { evaluateScores } from 'xenograd/eval'
import { Detector, defaults, loadModel, trainFromSettings } from 'xenograd/model'

const { description } = await openDevice('wasm', { threads: 1 })
console.log(description)

// 1. A gradient, and the gradient of its square.
const x = tensor([1, 2, 3])
const curve = compile(t => gradients(gradients(t.square().mul(t).sum(), t).square().sum(), t))
console.log(await curve(x).array()) // d/dt (3 t²)² = 36 t³

// 2. Two models of reads of known genera.
const seed = 7
const [length, genera] = [60, 2]
const reads = (split, count) => [...syntheticReads({ split, count, length, seed, genera })]
await writeReads('known.fa', reads('in_tr', 2000))
const settings = {
  ...defaults,
  in_tr_data_dir: 'known.fa',
  in_val_data_dir: '',
  ood_val_data_dir: '',
  hidden_lstm_size: 16,
  seq_len: length,
  num_steps: 120,
  val_freq: 60,
  learning_rate: 0.01,
}
const losses = []
const onMetrics = line => losses.push(line.loss)
const foreground = await trainFromSettings({ ...settings, out_dir: 'out/fg' }, { onMetrics })
const background = await trainFromSettings({ ...settings, out_dir: 'out/bg', mutation_rate: 0.2 })
console.log(`loss ${losses[0] > losses.at(-1) ? 'falls' : 'rises'}`)

// 3. Scores of reads that neither has seen.
const detector = new Detector(await loadModel(foreground.run), await loadModel(background.run))
const score = async split => {
  const scores = await detector.score(reads(split, 300).map(read => read.bases))
  return { scores: { likelihood: scores.map(s => s.foreground), ratio: scores.map(s => s.ratio) } }
}
const evaluation = evaluateScores(
  { inDistribution: await score('in_test'), outOfDistribution: await score('ood_test') },
  { seed },
)
for (const { score, auroc } of evaluation.scores)
  console.log(score, auroc.value > 0.5 ? 'AUROC above 0.5' : `AUROC ${auroc.value}`)

// 4. A mistake says what to write.
await detector.score(['ACGT']).catch(error => console.log(error.message))
