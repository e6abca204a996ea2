import Graphs
import Torch

/// A graph made ready to run: one slot a value, its steps with all arguments laid out.
final class Plan {
  /// One step.
  enum Action {
    /// An operator.
    case call(PreparedCall)
    /// An operator that is for training only, by the slot of the mode.
    case callInTraining(PreparedCall, mode: Int)
    /// A size, step or count of a tensor.
    case layout(tensor: Int, ValueTable.LayoutPart, output: Int)
    /// Arithmetic on numbers.
    case scalar(target: String, [ScalarArgument], output: Int, PreparedArgument.Kind)
    /// Gradients recorded from here on, or not.
    case gradients(Bool)
    /// Back to what was before the last switch.
    case restoreGradients
    /// Automatic precision from here on.
    case autocast(EngineModes.Autocast)
    /// Back to what was before the last switch.
    case restoreAutocast
  }

  /// A number that arithmetic takes.
  enum ScalarArgument {
    case constant(ScalarValue)
    case slot(Int, PreparedArgument.Kind)
  }

  /// A step with the slots that nobody needs afterwards, and what messages call it.
  struct Step {
    var action: Action
    var frees: [Int] = []
    /// The position of the node in the outermost graph.
    var node: Int
    var operation: String
    var module: String
    /// The node itself, of whatever graph.
    var call: Node
    /// The slots of its arguments that are single tensors, by their names, and of its results.
    var tensors: [String: Int] = [:]
    var results: [Int?] = []
    /// All slots of tensors that it reads or gives.
    var uses: [Int] = []
  }

  /// What is done in the place of a step, or before it.
  enum Replacement {
    /// Look at the values, then do the step.
    case look((ValueTable) -> Void)
    /// Look at the values, do the step, and look again.
    case watch(before: (ValueTable) -> Void, after: (ValueTable) -> Void)
    /// Compute a tensor of another one instead.
    case compute((Tensor) -> Tensor, input: Int, output: Int)
    /// Nothing: another step does it.
    case skip
  }

  var steps: [Step] = []
  /// The number of slots.
  var slotCount = 0
  /// The slots of the graph's inputs, in order; nil for one that nothing takes.
  var inputs: [Int?] = []
  /// Of those, the slots of the model's own tensors: parameters, buffers and constants.
  var weights: Set<Int> = []
  /// The slots of the graph's outputs, in order, and what they hold; nil for a constant.
  var outputs: [(slot: Int, kind: PreparedArgument.Kind)?] = []
  /// Slots of tensors that the table owns while a run lasts.
  var owned: [Int] = []
  /// The slots that say whether a module is training, by the module's path.
  var modes: [(slot: Int, path: String)] = []
  /// Paths of modules with a batch norm that counts its batches, and the slot of the mode that it depends on.
  var counters: [(path: String, mode: Int)] = []
  /// The device that device arguments were set to.
  let device: Device

  init(device: Device) { self.device = device }

  lazy var table = ValueTable(count: slotCount)
  private(set) var isRunning = false

  /// Runs all steps on what `prepare` has put into the table, and hands the table to `finish` before it is emptied.
  ///
  /// - Parameters:
  ///   - replacements: what is done instead of steps, by their positions.
  ///   - last: the last step that is done; nil for all.
  ///   - observe: called after each step, for measuring; nil for none.
  func run<R>(
    replacements: [Int: Replacement] = [:], through last: Int? = nil, _ prepare: (ValueTable) throws -> Void,
    observe: ((Int, Step) -> Void)? = nil, finish: (ValueTable) throws -> R
  ) throws -> R {
    precondition(!isRunning, "a graph cannot be run while it is running")
    isRunning = true
    var modes = Modes()
    defer {
      for slot in owned { table.release(slot) }
      for slot in inputs { if let slot { table.forget(slot) } }
      modes.restore()
      isRunning = false
    }
    try prepare(table)
    for index in steps.prefix((last ?? steps.count - 1) + 1).indices {
      do throws(TorchError) {
        switch replacements.isEmpty ? nil : replacements[index] {
        case nil: try perform(steps[index].action, &modes)
        case .look(let body)?:
          body(table)
          try perform(steps[index].action, &modes)
        case .watch(let before, let after)?:
          before(table)
          try perform(steps[index].action, &modes)
          after(table)
        case .compute(let body, let input, let output)?:
          guard let x = table.tensor(at: input) else {
            throw .engine(operation: steps[index].operation, message: "its input is not there")
          }
          table.own(body(x), at: output)
        case .skip?: break
        }
      } catch {
        let message = if case .engine(_, let message) = error { message } else { "\(error)" }
        throw GraphRunError.step(operation: steps[index].operation, module: steps[index].module, message: message)
      }
      for slot in steps[index].frees { table.release(slot) }
      observe?(index, steps[index])
    }
    return try finish(table)
  }

  /// What steps have switched while a run lasts.
  private struct Modes {
    let gradients = EngineModes.recordsGradients
    var gradientModes: [Bool] = []
    var autocasts: [EngineModes.Autocast] = []

    func restore() {
      if EngineModes.recordsGradients != gradients { EngineModes.recordsGradients = gradients }
      for mode in autocasts.reversed() { _ = try? EngineModes.set(mode) }
    }
  }

  private func perform(_ action: Action, _ modes: inout Modes) throws(TorchError) {
    switch action {
    case .call(let call): try call.run(table)
    case .callInTraining(let call, let mode): if table.bool(at: mode) { try call.run(table) }
    case .layout(let tensor, let part, let output): table.put(table.layout(of: tensor, part), at: output)
    case .scalar(let target, let arguments, let output, let kind): try put(target, arguments, at: output, kind)
    case .gradients(let value):
      modes.gradientModes.append(EngineModes.recordsGradients)
      EngineModes.recordsGradients = value
    case .restoreGradients: EngineModes.recordsGradients = modes.gradientModes.popLast() ?? modes.gradients
    case .autocast(let mode): modes.autocasts.append(try EngineModes.set(mode))
    case .restoreAutocast: if let mode = modes.autocasts.popLast() { _ = try EngineModes.set(mode) }
    }
  }

  private func put(
    _ target: String, _ arguments: [ScalarArgument], at output: Int, _ kind: PreparedArgument.Kind
  ) throws(TorchError) {
    var values: [ScalarValue] = []
    values.reserveCapacity(arguments.count)
    for argument in arguments {
      switch argument {
      case .constant(let value): values.append(value)
      case .slot(let slot, .double): values.append(.double(table.double(at: slot)))
      case .slot(let slot, .bool): values.append(.bool(table.bool(at: slot)))
      case .slot(let slot, _): values.append(.int(table.int(at: slot)))
      }
    }
    guard let value = ScalarOperation.apply(target, values) else {
      throw .engine(operation: target, message: "no value for \(values)")
    }
    switch kind {
    case .double: table.put(value.double, at: output)
    case .bool: table.put(value.bool, at: output)
    case .int, .tensor: table.put(value.int ?? Int(value.double), at: output)
    }
  }
}
