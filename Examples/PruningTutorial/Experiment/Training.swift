import Console
import Datasets
import NN
import Torch

/// One pass over the training images, with the loss that the labels give.
/// - Parameter beforeStep: called when the gradients are there.
/// - Returns: The seconds it took.
func trainEpoch(
  _ model: Module, _ optimizer: any Optimizer, _ batches: Batches, label: String, beforeStep: () throws -> Void = {}
) throws -> Double {
  var progress = ProgressDisplay(ProgressBar(label: label, total: batches.count), on: .output)
  for (images, labels) in batches {
    optimizer.zeroGrad()
    crossEntropy(model(images), labels).backward()
    try beforeStep()
    optimizer.step()
    progress.advance()
  }
  progress.clear()
  return progress.seconds
}

/// The share of the images whose class the model finds, in evaluation; its mode stays as it was.
func accuracy(of model: Module, on set: ImageSet) -> Double {
  model.evaluating { set.accuracy { model($0) } }
}
