// The main job: train a foreground and a background model, and evaluate their likelihood ratio on unseen genera.
//
//   node examples/train.js            on synthetic genera (made here, nothing is downloaded), in under two minutes
//   node examples/train.js --FLAGS    the reference's job: the same as `xenograd train --FLAGS`
//
// Run it again after Ctrl-C: it goes on where it stopped. Everything that it writes is below out/.
import { mkdir } from 'node:fs/promises'
import { openDevice } from 'xenograd'
import { runTraining } from 'xenograd/cli'
import { syntheticReads, writeFileAtomic, writeReads } from 'xenograd/data'
import { evaluateScores, evaluationPlot, formatTable } from 'xenograd/eval'
import { Detector, defaults, loadModel } from 'xenograd/model'

if (process.argv.length > 2) {
  process.argv.splice(2, 0, 'train')
  await import('xenograd/cli/main')
} else await mainJob()

async function mainJob() {
  await openDevice('wasm', { vectors: 'auto' })
  const seed = 1234
  const length = 200

  // Reads in the reference's layout, so that every command of xenograd can take them, too.
  const folders = {
    in_tr: 'out/synthetic/before_2011_in_tr',
    in_val: 'out/synthetic/between_2011-2016_in_val',
    ood_val: 'out/synthetic/between_2011-2016_ood_val',
  }
  for (const [split, folder] of Object.entries(folders)) {
    await mkdir(folder, { recursive: true })
    const count = split === 'in_tr' ? 20_000 : 500
    await writeReads(`${folder}/${split}.tfrecord`, syntheticReads({ split, count, length, seed }))
  }

  // The background model learns the same reads with mutated bases: what of a read is due to its composition alone.
  const settings = {
    ...defaults,
    hidden_lstm_size: 32,
    seq_len: length,
    num_steps: 1000,
    val_freq: 250,
    learning_rate: 0.005,
    in_tr_data_dir: folders.in_tr,
    in_val_data_dir: folders.in_val,
    ood_val_data_dir: folders.ood_val,
  }
  const foreground = await runTraining({ ...settings, out_dir: 'out/foreground' })
  if (foreground.interrupted) return
  const background = await runTraining({
    ...settings,
    mutation_rate: 0.1,
    reg_weight: 1e-4,
    out_dir: 'out/background',
  })
  if (background.interrupted) return

  // Reads that no model has seen: of the same genera, and of others.
  const detector = new Detector(await loadModel(foreground.run), await loadModel(background.run))
  const score = async split => {
    const reads = [...syntheticReads({ split, count: 2000, length, seed })]
    const scores = await detector.score(reads.map(read => read.bases))
    return {
      scores: {
        likelihood: scores.map(s => s.foreground),
        ratio: scores.map(s => s.ratio),
      },
      genus: reads.map(read => read.genus),
    }
  }
  const reads = { inDistribution: await score('in_test'), outOfDistribution: await score('ood_test') }
  const evaluation = evaluateScores(reads, { seed })
  process.stdout.write(`\nSYNTHETIC genera, reads of ${length} bases\n\n${formatTable(evaluation)}`)

  const plot = 'out/result.svg'
  const title = 'Synthetic genera: likelihood and likelihood ratio'
  await writeFileAtomic(plot, await evaluationPlot(reads, evaluation, { title, unit: 'nats per base' }))
  process.stdout.write(`\nplot ${plot}\nmodels ${foreground.run}\n       ${background.run}\n`)
}
