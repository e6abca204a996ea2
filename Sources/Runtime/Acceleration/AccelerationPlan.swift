import Foundation
import SparseKernels
import Torch

/// How each layer of a model is computed fastest on one machine, and what was measured.
///
/// Times are medians of runs in turns; what is told as faster was faster in the same run.
public struct AccelerationPlan: Sendable, Codable, Hashable {
  /// The version of this format.
  public var schema = 1
  /// Where it was measured.
  public var machine: Machine
  /// The engine's threads.
  public var threads: Int
  /// The shapes of the model's inputs.
  public var inputs: [[Int]]
  /// The layers in the order in which they are run.
  public var layers: [Layer]
  /// A run of the model as it was, in microseconds.
  public var originalMicroseconds: Double
  /// A run of the model by LibTorch alone in the faster memory format, in microseconds.
  public var denseMicroseconds: Double
  /// A run by this plan, in microseconds.
  public var microseconds: Double
  /// The largest difference of an output from the dense model's, by the largest magnitude of these.
  public var largestDifference: Double

  /// A processor and the instructions that are used of it.
  public struct Machine: Sendable, Codable, Hashable {
    /// The processor's name.
    public var processor: String
    /// The instructions.
    public var instructions: InstructionSet

    /// This one.
    ///
    /// - Throws: `SparseKernelError` where `BONSAI_ISA` names instructions that there are not.
    public static func current() throws -> Machine {
      Machine(processor: processorName, instructions: try .chosen())
    }

    private static let processorName: String = {
      #if os(Linux)
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
        if let name = line?.split(separator: ":").last { return name.trimmingCharacters(in: .whitespaces) }
      #endif
      return ProcessInfo.processInfo.hostName
    }()
  }

  /// A layer.
  public struct Layer: Sendable, Codable, Hashable {
    /// The path of its module; of several calls of one module, each its own.
    public var path: String
    /// What it is: `conv2d 64 x 64 x 3 x 3`.
    public var operation: String
    /// The shape of its input.
    public var input: [Int]
    /// The share of its weight's entries that are 0.
    public var sparsity: Double
    /// The share that need not be stored in blocks of four outputs by one input.
    public var blockSparsity: Double
    /// How it is computed.
    public var choice: LayerChoice
    /// LibTorch's time in the faster memory format, in microseconds, with the norm and the activation behind it.
    public var denseMicroseconds: Double
    /// The time of the choice, in microseconds.
    public var microseconds: Double
    /// Why it stayed dense without being measured; nil where it was.
    public var reason: String?
  }

  /// Whether it holds for this machine and the engine's present number of threads.
  ///
  /// - Throws: `SparseKernelError` as ``Machine/current()``.
  public func isForThisMachine() throws -> Bool { try machine == .current() && threads == threadCount }

  /// Reads a plan.
  ///
  /// - Throws: ``AccelerationError/plan(path:reason:)``.
  public init(contentsOf path: String) throws {
    do {
      let decoder = JSONDecoder()
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: Self.numbers.infinity, negativeInfinity: Self.numbers.negative, nan: Self.numbers.nan)
      self = try decoder.decode(AccelerationPlan.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw AccelerationError.plan(path: path, reason: "\(error)")
    }
    guard schema == 1 else { throw AccelerationError.plan(path: path, reason: "schema \(schema), expected 1") }
  }

  init(
    machine: Machine, inputs: [[Int]], layers: [Layer], originalMicroseconds: Double, denseMicroseconds: Double,
    microseconds: Double, largestDifference: Double
  ) {
    (self.machine, self.inputs, self.layers, threads) = (machine, inputs, layers, threadCount)
    (self.originalMicroseconds, self.denseMicroseconds) = (originalMicroseconds, denseMicroseconds)
    (self.microseconds, self.largestDifference) = (microseconds, largestDifference)
  }

  /// The plan as JSON, with sorted keys.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: Self.numbers.infinity, negativeInfinity: Self.numbers.negative, nan: Self.numbers.nan)
    return try encoder.encode(self)
  }

  /// What numbers are called that JSON does not have.
  private static let numbers = (infinity: "Infinity", negative: "-Infinity", nan: "NaN")
}
