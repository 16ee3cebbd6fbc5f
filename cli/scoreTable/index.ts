/**
 * The table of `xenograd score`: the folder's door. Reads, or pairs of mates, become `entries`. `write` has them scored in
 * their order and makes `rows` of them, one for each entry or for each group (`groupBy`), with columns and numbers as
 * `eval/scoreTable` has them; `calls` says known or unknown, at once or when all p-values are there; rows go to the table, and beside it the
 * reads that are kept and the `track` of likelihoods base by base.
 */
export { parseGrouping } from './groupBy.js'
export { Groups, type ScoresOfTable } from './rows.js'
export { type TableFlags, writeScores } from './write.js'
