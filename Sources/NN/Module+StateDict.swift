import OrderedCollections
import Torch

/// Tensors by dotted path, in order.
public typealias StateDict = OrderedDictionary<String, Tensor>

/// What a state dict held and a module did not, and the other way round.
public struct StateDictDifference: Equatable, Sendable {
  /// Names that the module has and the state dict lacks; they keep their values.
  public var missing: [String]
  /// Names that the state dict has and the module lacks; they are passed over.
  public var unexpected: [String]

  /// A difference of the names given.
  public init(missing: [String], unexpected: [String]) {
    self.missing = missing
    self.unexpected = unexpected
  }
}

extension Module {
  /// All parameters and buffers under their dotted paths: for each module its parameters, then its buffers, then its
  /// children. The tensors share the module's memory (packed masks are expanded). `state_dict()`.
  public final var stateDict: StateDict {
    statefulSlots.mapValues { $0.tensor.detach() }
  }

  private var statefulSlots: OrderedDictionary<String, Slot> {
    var found: OrderedDictionary<String, Slot> = [:]
    for (path, module) in allPaths {
      let prefix = path.isEmpty ? "" : path + "."
      for (name, slot) in module.slots where slot.parameter != nil { found[prefix + name] = slot }
      for (name, slot) in module.slots where slot.isBuffer { found[prefix + name] = slot }
    }
    return found
  }

  /// Copies the tensors of `state` into the parameters and buffers of the same names, converting dtype and device.
  /// - Parameters:
  ///   - state: The tensors by path.
  ///   - strict: Whether all names must agree.
  /// - Returns: The names that did not agree, where not strict.
  /// - Throws: ``ModuleError/stateDict(module:missing:unexpected:mismatched:)``, before anything is changed. Shapes must
  ///   agree in either case.
  @discardableResult
  public final func loadStateDict(_ state: StateDict, strict: Bool = true) throws -> StateDictDifference {
    let own = statefulSlots
    let difference = StateDictDifference(
      missing: own.keys.filter { state[$0] == nil }, unexpected: state.keys.filter { own[$0] == nil })
    var mismatched: [String] = []
    for (name, tensor) in state {
      switch own[name] {
      case .parameter(let target), .buffer(let target):
        if target.shape != tensor.shape {
          mismatched.append("\(name): shape \(target.shape) expected, found \(tensor.shape)")
        }
      case .computedBuffer(let target):
        do { try target.validate(tensor) } catch { mismatched.append("\(name): \(error)") }
      default: break
      }
    }
    let refused = strict && !(difference.missing.isEmpty && difference.unexpected.isEmpty)
    guard !refused && mismatched.isEmpty else {
      throw ModuleError.stateDict(
        module: "\(Self.self)", missing: strict ? difference.missing : [],
        unexpected: strict ? difference.unexpected : [], mismatched: mismatched)
    }
    noGrad {
      for (name, tensor) in state {
        switch own[name] {
        case .parameter(let target), .buffer(let target): target.copy(from: tensor)
        case .computedBuffer(let target): target.assign(tensor)
        default: break
        }
      }
    }
    return difference
  }
}
