import { conformanceOn } from './conformance.js'

await conformanceOn('ascend910', 'Ascend910A', 'whole')
