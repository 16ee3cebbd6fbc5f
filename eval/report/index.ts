/**
 * An evaluation as people and programs read it. (JSON: `JSON.stringify(evaluation)`.) This is the folder's door.
 *
 * `tables` puts an evaluation's `figures` into tables of text, which `text` shows in a terminal and as Markdown and
 * `page` as HTML; `tsv` has all digits, in long form. The charts are Observable Plot's, which `plotting` loads when the
 * first one is drawn: `distributionCharts` (ROC curves, histograms, GC content), `groupCharts` (genera, lengths),
 * `trainingCharts`. `picture` puts some of them into one SVG file, `page` all.
 */
export { formatEstimate, formatFigure } from './figures.js'
export { evaluationPage, type PageOptions } from './page.js'
export { evaluationPlot, type PlotOptions } from './picture.js'
export { formatMarkdown, formatTable } from './text.js'
export { formatTsv } from './tsv.js'
