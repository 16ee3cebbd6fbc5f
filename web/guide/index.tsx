/** The view `#guide`: how the detector works, and where the rest is written. */
import { addressOf } from '../ui/route.js'

export const GuideView = () => (
  <article class="prose">
    <h1>How likelihood ratios find the unknown</h1>
    <p class="lead">
      A classifier that knows ten genera will assign every read to one of them, also a read of a bacterium
      that it has never seen. Xenograd asks another question: how likely is this read at all?
    </p>
    <h2>Likelihood alone is not enough</h2>
    <p>
      A generative model, here an LSTM over DNA, predicts each base of a read from those before it. The mean
      of the logarithms of these predictions is the read's log-likelihood. But much of it says only what is
      common in the read: one of unusual GC content, or of few different words, may be likely or unlikely
      whatever bacterium it is of.
    </p>
    <h2>The ratio cancels what all reads share</h2>
    <p>
      A second model, the background, is trained on the same reads with a tenth of their bases replaced. It
      still learns composition, but not what marks a genus. The difference of both log-likelihoods is what
      only the genera explain:
    </p>
    <p class="formula">LLR(x) = log p(x | foreground) − log p(x | background)</p>
    <p>
      Higher means that a read is of a known genus. This is the method of Ren and others,{' '}
      <cite>Likelihood Ratios for Out-of-Distribution Detection</cite> (2019), arXiv 1906.02845.
    </p>
    <h2>From a score to a call</h2>
    <p>
      Scores of held-out fragments of known genera say which scores are usual at each length. The share of
      them that is as low as a read's is its conformal p-value. Where it is at most 0.05 the read is called{' '}
      <em>unknown</em>; of the reads of known genera, 5 % are called so by mistake.
    </p>
    <p>
      The detector that comes with this page rests its calls on a relative of this idea: how far a read is
      from each of ten genera in the last hidden layer of a classifier, less how far it is from all reads
      together.
    </p>
    <p>
      <a href={addressOf('score')}>Score reads of your own</a>, or{' '}
      <a href={addressOf('playground')}>watch a model learn</a>.
    </p>
  </article>
)
