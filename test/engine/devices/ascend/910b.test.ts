import { conformanceOn } from './conformance.js'

await conformanceOn('ascend910b', 'Ascend910B4', 'both')
