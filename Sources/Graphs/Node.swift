import Checkpoints
import OrderedCollections

/// One step of a graph: an operator, its arguments, and the values that it gives.
public struct Node: Hashable, Sendable {
  /// What is called, as exported models name it: `torch.ops.aten.conv2d.default`, `_operator.mul`.
  public var target: String
  /// The arguments that were given, by the schema's names.
  public var inputs: [NamedArgument]
  /// The values that it gives.
  public var outputs: [Argument]
  /// What Python noted about it: stack traces, modules.
  public var metadata: OrderedDictionary<String, String>
  /// Its name, by which newer versions call it.
  public var name: String?
  /// The object it was read from, its known members empty.
  var shell: JSONObject = [:]

  /// A step.
  public init(
    _ target: String, _ inputs: [NamedArgument], outputs: [Argument],
    metadata: OrderedDictionary<String, String> = [:], name: String? = nil
  ) {
    self.target = target
    self.inputs = inputs
    self.outputs = outputs
    self.metadata = metadata
    self.name = name
  }

  /// The argument of that name, or nil where it is left to its default.
  public subscript(name: String) -> Argument? {
    get { inputs.first { $0.name == name }?.argument }
    set {
      if let index = inputs.firstIndex(where: { $0.name == name }) {
        if let newValue { inputs[index].argument = newValue } else { inputs.remove(at: index) }
      } else if let newValue {
        inputs.append(NamedArgument(name, newValue))
      }
    }
  }

  /// The operator as LibTorch names it, `aten::conv2d` or `aten::add.Tensor`; nil where the target is none of LibTorch's.
  public var operatorName: String? {
    let parts = target.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0] == "torch", parts[1] == "ops", parts[2] != "higher_order" else { return nil }
    let overload = parts[4...].joined(separator: ".")
    return "\(parts[2])::\(parts[3])" + (overload.isEmpty || overload == "default" ? "" : ".\(overload)")
  }

  /// The operator's name without namespace and overload: `conv2d`.
  public var baseName: String {
    let parts = target.split(separator: ".")
    return parts.count >= 4 && parts[1] == "ops" ? String(parts[3]) : String(parts.last ?? "")
  }

  /// The path of the module that calls it, out of `nn_module_stack`; empty for the outermost. Of a graph that came from
  /// ONNX the name of the node there.
  public var modulePath: String {
    if let name = metadata[Self.onnxLabel] { return name }
    guard let stack = metadata["nn_module_stack"], let last = stack.split(separator: ";").last else { return "" }
    let fields = last.split(separator: ",", omittingEmptySubsequences: false)
    guard fields.count >= 2 else { return "" }
    return String(fields[1].prefix { $0 != "@" })
  }

  /// The names of all values that it takes, nested graphs excepted.
  public var inputNames: [String] { inputs.flatMap(\.argument.names) }

  /// The names of all values that it gives.
  public var outputNames: [String] { outputs.flatMap(\.names) }

  /// The graphs among its arguments.
  public var graphs: [Graph] {
    inputs.compactMap { if case .graph(_, let graph) = $0.argument { graph } else { nil } }
  }
}
