import OrderedCollections
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
  /// The tensors of this module itself, without its children's, in order.
  ///
  /// Reparameterisations such as pruning exchange entries; everything else goes through
  /// ``registerParameter(_:_:)``, ``registerBuffer(_:_:)`` and ``subscript(_:)``.
  public final var slots: OrderedDictionary<String, Slot> = [:]

  /// Called before each forward pass, in the order in which they were added; keys are what
  /// ``addForwardPreHook(_:)-protocol`` returned. Assign to it to reorder hooks or bring removed ones back.
  public final var forwardPreHooks: OrderedDictionary<Int, any ForwardPreHook> = [:]
  final var nextHookID = 0

  /// Whether layers that tell training from evaluation (dropout, batch norm) are training. See ``train(_:)``.
  public final var isTraining = true

  /// Objects that other libraries keep with the module, by names of their own. They are not part of its state and are not
  /// copied with it.
  public final var companions: [String: AnyObject] = [:]

  /// A module without tensors.
  public init() { _ = Heap.keepsBlocks }

  /// What the module computes; override it. Call the module itself, `module(x)`, which runs the hooks first.
  open func forward(_ x: Tensor) -> Tensor { fatalError("\(Self.self) does not override forward(_:)") }

  /// The module applied: the hooks, then ``forward(_:)``.
  public final func callAsFunction(_ x: Tensor) -> Tensor {
    forwardPreHooks.isEmpty ? forward(x) : withForwardPreHooks([x]) { forward($0[0]) }
  }

  /// Names of children that differ from the properties that hold them: `["outProj": "out_proj"]`, so that state dicts
  /// carry PyTorch's names. An empty name lets the entries of an array or dictionary stand under their position or key
  /// alone.
  open var childNames: [String: String] { [:] }

  /// What stands between the brackets when the module is printed: `1, 6, kernel_size=(5, 5), stride=(1, 1)`.
  open var extraDescription: String { "" }
}
