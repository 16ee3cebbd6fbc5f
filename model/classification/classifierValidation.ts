import { mutate } from '../../data/index.js'
import { purposeKey, seedPurposes } from '../../engine/hostRandom.js'
import {
  type ClassifierModel,
  featuresOf,
  indexOfMaximum,
  logitsOf,
  logOdds,
  maximumProbability,
  odin,
  type Score,
  softmax,
} from '../../eval/scores/index.js'
import type { ClassifierParameters } from '../classifier.js'
import type { ClassifierSettings } from '../classifierSettings.js'
import { FragmentClassifier } from '../fragmentClassifier.js'
import type { ClassifierDescription } from '../saved/index.js'
import type { Judge, Measured, Validator } from '../validation.js'
import type { ClassifierValidationData, LabelledReads } from './classifierValidationData.js'

/**
 * The validator of classifiers: loss (nats) and accuracy on in-distribution reads, and the AUROC of the maximum softmax
 * probability (of the log-odds, where reads are told from mutated ones); with an epsilon also that of ODIN.
 */
export class ClassifierValidation implements Validator<ClassifierParameters> {
  readonly #labelled: LabelledReads
  readonly #inDistribution: readonly Uint8Array[]
  readonly #outOfDistribution: readonly Uint8Array[]

  constructor(
    readonly description: ClassifierDescription,
    readonly settings: ClassifierSettings,
    { inDistribution, outOfDistribution }: ClassifierValidationData,
    readonly judge: Judge,
    readonly device?: string,
  ) {
    this.#inDistribution = inDistribution.reads
    this.#outOfDistribution = outOfDistribution
    this.#labelled =
      settings.task === 'mutated' ? withMutated(inDistribution.reads, settings) : inDistribution
  }

  /** Whether there are other reads to have an AUROC against. */
  get hasAuroc(): boolean {
    return this.#outOfDistribution.length > 0
  }

  /** @throws AbortError as `Validator`. */
  async measure(parameters: ClassifierParameters, signal?: AbortSignal): Promise<Measured> {
    const { description, settings, device } = this
    const { batch_size, temperature, task, epsilon } = settings
    const model = await FragmentClassifier.open(description, parameters, { batch: batch_size, device })
    try {
      const score = task === 'mutated' ? logOdds(model) : maximumProbability([model], { temperature })
      const fitted = await lossAndAccuracy(model, this.#labelled, temperature)
      if (!this.hasAuroc) return fitted
      signal?.throwIfAborted()
      const { auroc, low, high } = await this.#judge(score)
      const moved = epsilon > 0 && (await this.#judge(odin(model, { temperature, epsilon })))
      return { ...fitted, auroc, auroc_ci: [low, high], ...(moved && { auroc_odin: moved.auroc }) }
    } finally {
      model.dispose()
    }
  }

  async #judge(score: Score): Promise<ReturnType<Judge>> {
    const inDistribution = await score.score(this.#inDistribution)
    return this.judge(inDistribution, await score.score(this.#outOfDistribution))
  }

  dispose(): void {}
}

/** Mean cross-entropy and accuracy over the reads that have a class. */
async function lossAndAccuracy(
  model: ClassifierModel,
  { reads, classes }: LabelledReads,
  temperature: number,
): Promise<{ val_loss: number; val_acc: number }> {
  const features = await model.features(reads)
  let [loss, correct, count] = [0, 0, 0]
  for (let i = 0; i < reads.length; i++) {
    const wanted = classes[i]
    if (!(wanted >= 0 && wanted < model.classes)) continue
    const logits = logitsOf(model, featuresOf(features, model.hidden, i))
    loss -= Math.log(softmax(logits, temperature)[wanted])
    if (indexOfMaximum(logits) === wanted) correct++
    count++
  }
  return { val_loss: loss / count, val_acc: correct / count }
}

/** Reads, and the same ones mutated: the same mutations in every validation. */
function withMutated(
  reads: readonly Uint8Array[],
  { random_seed, mutation_rate }: ClassifierSettings,
): LabelledReads {
  const key = purposeKey(random_seed, seedPurposes.run.validationMutation)
  const mutated = reads.map((bases, i) => {
    const copy = bases.slice()
    mutate(copy, mutation_rate, key, i)
    return copy
  })
  return {
    reads: [...reads, ...mutated],
    classes: Int32Array.from({ length: 2 * reads.length }, (_, i) => (i < reads.length ? 0 : 1)),
  }
}
