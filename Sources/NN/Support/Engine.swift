import Torch

/// Calls an operator with one tensor as its result; traps with the engine's message.
@discardableResult
func call(_ name: StaticString, _ arguments: any OperatorArgument..., keywords: [OperatorKeyword] = []) -> Tensor {
  guard case .tensor(let tensor)? = values(name, arguments, keywords, capacity: 2).first else {
    fatalError("\(name) gave no tensor")
  }
  return tensor
}

/// Calls an operator with several tensors as its results; traps with the engine's message.
func callList(
  _ name: StaticString, _ arguments: any OperatorArgument..., capacity: Int, keywords: [OperatorKeyword] = []
) -> [Tensor] {
  values(name, arguments, keywords, capacity: capacity).compactMap {
    if case .tensor(let tensor) = $0 { tensor } else { nil }
  }
}

/// Calls an operator for what it does to its arguments; traps with the engine's message.
func run(_ name: StaticString, _ arguments: any OperatorArgument..., keywords: [OperatorKeyword] = []) {
  _ = values(name, arguments, keywords, capacity: 2)
}

private func values(
  _ name: StaticString, _ arguments: [any OperatorArgument], _ keywords: [OperatorKeyword], capacity: Int
) -> [OperatorValue] {
  do {
    return try callOperator(name, arguments, keywords: keywords, resultCapacity: capacity)
  } catch {
    fatalError("\(error)")
  }
}
