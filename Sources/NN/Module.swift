import Torch

/// The base of every layer and network: tensors by name, child modules by property, hooks before the forward pass.
///
/// A network is a subclass with its layers as stored properties, which become children in the order of declaration:
///
/// ```swift
/// final class LeNet: Module {
///   let conv1 = Conv2d(1, 6, kernelSize: 5)
///   let fc1 = Linear(6 * 14 * 14, 10)
///   override func forward(_ x: Tensor) -> Tensor { fc1(maxPool2d(relu(conv1(x)), 2).flatten(1)) }
/// }
/// let logits = LeNet()(Tensor.randn([1, 1, 32, 32]))  // [1, 10]
/// ```
///
/// Counterpart of `torch.nn.Module`. A module is not `Sendable`: work on different modules from different threads, or
/// hand one over with `sending`.
open class Module {
  /// What the module keeps besides the properties of its subclasses. It is the only stored property here, so that
  /// ``children`` can tell by the others whether they have changed.
  final let store = ModuleStore()

  /// A module without tensors.
  public init() {}

  /// What the module computes; override it. Call the module itself, `module(x)`, which runs the hooks first.
  open func forward(_ x: Tensor) -> Tensor { fatalError("\(Self.self) does not override forward(_:)") }

  /// The module applied: the hooks, then ``forward(_:)``.
  public final func callAsFunction(_ x: Tensor) -> Tensor {
    forwardPreHooks.isEmpty && Recorder.current == nil ? forward(x) : withForwardPreHooks([x]) { forward($0[0]) }
  }

  /// Names of children that differ from the properties that hold them: `["outProj": "out_proj"]`, so that state dicts
  /// carry PyTorch's names. An empty name lets the entries of an array or dictionary stand under their position or key
  /// alone.
  open var childNames: [String: String] { [:] }

  /// Properties whose modules are not children of this one: a teacher that another network owns. Their tensors are not
  /// part of its parameters and its state.
  open var propertiesWithoutChildren: Set<String> { [] }

  /// What stands between the brackets when the module is printed: `1, 6, kernel_size=(5, 5), stride=(1, 1)`.
  open var extraDescription: String { "" }
}
