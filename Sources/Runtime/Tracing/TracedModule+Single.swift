import Graphs
import NN
import Torch

extension TracedModule {
  /// Runs module and graph on one sample: operators and modules treat sizes of 1 in ways of their own, so that steps may
  /// differ there where results do not. In evaluation, and where nothing is drawn.
  ///
  /// - Throws: ``TracingError/problems(_:)`` where the graph gives something else.
  func checkSingle<M: Module>(
    _ module: M, _ given: ([Int]) -> [Tensor], _ samples: SizeSamples, _ dynamic: [DynamicDimension],
    _ call: (M, [Tensor]) throws -> [Tensor]
  ) throws {
    guard let batch = dynamic.firstIndex(where: { $0.axis == 0 && $0.minimum <= 1 }), !module.isTraining,
      !notes.contains(where: \.drawsRandomNumbers), let twin = try? GraphModule(self)
    else { return }
    var sizes = samples.runs[0]
    sizes[batch] = 1
    var problem: String?
    _ = try TracedRun(module, given(sizes)) { module, inputs in
      let copies = inputs.map { $0.clone() }
      let wanted = try call(module, inputs)
      do {
        problem = Self.mismatch(wanted, try twin.run(copies))
      } catch {
        problem = "\(error)"
      }
      return []
    }
    guard let problem else { return }
    throw TracingError.problems([
      TracingProblem(
        operation: "\(dynamic[batch].name) 1", module: "",
        message:
          "the graph gives something else than the module, which treats 1 in a way of its own (\(problem)); trace "
          + "it with DynamicDimension(\"\(dynamic[batch].name)\", axis: 0, from: 2)")
    ])
  }

  private static func mismatch(_ wanted: [Tensor], _ found: [Tensor]) -> String? {
    guard wanted.count == found.count else { return "\(found.count) outputs in place of \(wanted.count)" }
    for (index, (a, b)) in zip(wanted, found).enumerated() {
      guard a.shape == b.shape, a.dtype == b.dtype else {
        return "output \(index) is \(b.dtype) \(b.shape) in place of \(a.dtype) \(a.shape)"
      }
      let (x, y) = (a.array(of: Double.self), b.array(of: Double.self))
      let scale = x.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
      let apart = zip(x, y).first { $0 != $1 && !($0.isNaN && $1.isNaN) && !(abs($0 - $1) <= 1e-3 * scale) }
      if let apart { return "output \(index) has \(apart.1) in place of \(apart.0)" }
    }
    return nil
  }
}
