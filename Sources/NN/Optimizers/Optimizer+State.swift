import OrderedCollections
import Torch

/// Checks that no parameter stands in two places.
func requireDistinct(_ parameters: [Tensor], _ optimizer: String) {
  precondition(
    Set(parameters.map(\.identity)).count == parameters.count,
    "\(optimizer): a parameter stands in two places; give each once, as Module.parameters does")
}

/// Sorts a state dict's entries `state.INDEX.NAME` by parameter, and checks names and shapes.
/// - Parameters:
///   - names: The names that must be there for each parameter that has a state.
///   - optional: The names that may be there besides.
///   - scalars: Those of the names that stand for one number.
func stateByParameter(
  _ state: StateDict, _ parameters: [Tensor], names: [String], optional: [String] = [], scalars: Set<String> = [],
  of optimizer: String
) throws(ModuleError) -> [Int: [String: Tensor]] {
  var found: [Int: [String: Tensor]] = [:]
  var unexpected: [String] = []
  var mismatched: [String] = []
  for (key, tensor) in state {
    let parts = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, parts[0] == "state", let index = Int(parts[1]), parameters.indices.contains(index),
      (names + optional).contains(parts[2])
    else {
      unexpected.append(key)
      continue
    }
    let shape = scalars.contains(parts[2]) ? [] : parameters[index].shape
    if tensor.shape != shape { mismatched.append("\(key): shape \(shape) expected, found \(tensor.shape)") }
    found[index, default: [:]][parts[2]] = tensor
  }
  let missing = found.sorted { $0.key < $1.key }.flatMap { index, entries in
    names.filter { entries[$0] == nil }.map { "state.\(index).\($0)" }
  }
  guard unexpected.isEmpty && mismatched.isEmpty && missing.isEmpty else {
    throw .stateDict(module: optimizer, missing: missing, unexpected: unexpected, mismatched: mismatched)
  }
  return found
}

extension Tensor {
  /// A copy of its own memory with another tensor's dtype and device.
  func owned(like other: Tensor) -> Tensor { other.detach().emptyLike().copy(from: self) }
}
