import { closeDevice, openDevice } from '../../../../engine/index.js'
import { follow } from '../../../../model/follow.js'
import { generativeNetwork } from '../../../../model/index.js'
import { Team } from '../../../../model/parallel/index.js'
import { setUpStub } from './cann.js'
import { sums, tinyTraining, trainingData } from './hcclTraining.js'
import { groupOfTwo } from './twoProcesses.js'

// The second process of hccl.test.ts.
//   node hcclRank.js FOLDER sums|train
const [folder, what] = process.argv.slice(2)
setUpStub(folder)
const group = groupOfTwo(1, process)
await openDevice('ascend')
if (what === 'sums') await sums(group, 'ascend')
else {
  const options = tinyTraining('ascend')
  await follow(generativeNetwork(options), options, trainingData, new Team(group))
}
await closeDevice('ascend')
process.disconnect()
