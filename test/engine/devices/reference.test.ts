import test from 'tape'
import { deviceConformance } from '../../../engine/testing/index.js'
import '../allCells.js'
import { effort } from '../../effort.js'

deviceConformance(test, 'reference', { effort: effort / 2 })
