import test from 'tape'
import { deviceConformance } from '../../../../engine/testing/index.js'
import '../../allCells.js'
import { effort } from '../../../effort.js'

// A software adapter will do.
deviceConformance(test, 'gpu', { unavailable: 'skip', effort: effort / 10, open: { allowCpu: true } })
