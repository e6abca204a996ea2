import Sparsity

/// Tensors that somebody gives for weights, by their paths: masks or scores, in memory or in a file.
public protocol GivenTensors: Sendable {
  /// What messages call them, such as the path of a file.
  var description: String { get }
  /// The paths of the weights that there is something for.
  var paths: [String] { get }
  /// Shape and type of what is given for a weight; nil where nothing is.
  func layout(of path: String) -> (shape: [Int], type: ElementType)?
  /// Fills memory with the entries of a range.
  func read(_ path: String, _ range: Range<Int>, into memory: UnsafeMutableRawBufferPointer) throws
}

extension GivenTensors {
  /// What is given for a weight; nil where nothing is.
  func layout(for weight: Weight) -> (path: String, shape: [Int], type: ElementType)? {
    for path in [weight.path] + weight.aliases.map(\.path) {
      if let (shape, type) = layout(of: path) { return (path, shape, type) }
    }
    return nil
  }
}

/// Masks that the caller has; they settle what is pruned, so that neither amount nor pattern is wanted.
public struct GivenMasks: Criterion {
  /// `masks`.
  public let name = "masks"
  let masks: any GivenTensors

  /// The criterion.
  public init(_ masks: any GivenTensors) { self.masks = masks }

  /// The masks.
  public var source: ScoreSource { .masks(masks) }

  /// None: the masks say it.
  public func scores(of weight: WeightValues) -> [Double] { [] }
}

/// Scores that the caller has, one for each entry; the smallest go first, or the smallest magnitudes.
public struct GivenScores: Criterion {
  /// `scores`.
  public let name = "scores"
  /// Which go first.
  public let ranking: Ranking
  private let scores: any GivenTensors

  /// The criterion.
  public init(_ scores: any GivenTensors, by ranking: Ranking = .magnitude) {
    self.scores = scores
    self.ranking = ranking
  }

  /// The scores under the weight's path.
  /// - Throws: ``RecipeError`` where there are none, or of another shape.
  public func scores(of weight: WeightValues) throws -> [Double] {
    let path = weight.weight.path
    guard let (name, shape, type) = scores.layout(for: weight.weight) else {
      throw RecipeError(
        .notFound, "rank '\(path)' by the scores of \(scores.description)", expected: "scores under that name",
        found: "none", advice: "give scores for every weight that is pruned, or choose those weights only")
    }
    guard shape == weight.weight.shape else {
      throw RecipeError(
        .unfit, "rank '\(path)' by the scores of \(scores.description)", expected: "shape \(weight.weight.shape)",
        found: "\(shape)", advice: "give one score for each entry")
    }
    let count = shape.reduce(1, *)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count * type.byteCount, alignment: 64)
    defer { memory.deallocate() }
    try scores.read(name, 0..<count, into: memory)
    return Scores(bytes: UnsafeRawBufferPointer(memory), type: type).values
  }
}

/// Given tensors in memory.
public struct TensorsInMemory: GivenTensors {
  private var tensors: [String: (shape: [Int], type: ElementType, bytes: [UInt8])] = [:]
  /// Their paths, in the order in which they were added.
  public private(set) var paths: [String] = []
  /// For messages.
  public let description = "memory"

  /// None yet.
  public init() {}

  /// Adds the tensor for a weight, entries in flat order.
  public mutating func add<Entry: BitwiseCopyable>(
    _ path: String, shape: [Int], type: ElementType, _ entries: [Entry]
  ) {
    let bytes = entries.withUnsafeBytes { Array($0) }
    precondition(
      bytes.count == shape.reduce(1, *) * type.byteCount,
      "TensorsInMemory: expected \(shape.reduce(1, *)) entries of \(type), found \(bytes.count) bytes")
    if tensors.updateValue((shape, type, bytes), forKey: path) == nil { paths.append(path) }
  }

  /// Shape and type of what is given for a weight.
  public func layout(of path: String) -> (shape: [Int], type: ElementType)? {
    tensors[path].map { ($0.shape, $0.type) }
  }

  /// Copies the entries of a range.
  public func read(_ path: String, _ range: Range<Int>, into memory: UnsafeMutableRawBufferPointer) {
    guard let (_, type, bytes) = tensors[path] else { return }
    let part = bytes[range.lowerBound * type.byteCount..<range.upperBound * type.byteCount]
    memory.copyBytes(from: part)
  }
}

extension Criterion where Self == GivenMasks {
  /// Masks that the caller has.
  public static func masks(_ masks: any GivenTensors) -> GivenMasks { GivenMasks(masks) }
}

extension Criterion where Self == GivenScores {
  /// Scores that the caller has.
  public static func scores(_ scores: any GivenTensors, by ranking: Ranking = .magnitude) -> GivenScores {
    GivenScores(scores, by: ranking)
  }
}
