import Checkpoints
import Foundation
import Pruning
import Testing
import Torch

/// The recorded cases: `Golden/manifest.json` and the safetensors files beside it (see `Golden/README.md`).
struct GoldenManifest {
  let cases: [GoldenCase]
  let utils: [String: Any]

  nonisolated(unsafe) static let shared = try! GoldenManifest()

  private init() throws {
    let root = try JSONSerialization.jsonObject(with: Data(contentsOf: Self.url("manifest.json")))
    let fields = root as! [String: Any]
    cases = (fields["cases"] as! [[String: Any]]).map(GoldenCase.init)
    utils = fields["utils"] as! [String: Any]
  }

  static func url(_ name: String) -> URL {
    Bundle.module.resourceURL!.appendingPathComponent("Golden").appendingPathComponent(name)
  }
}

/// One recorded case, by the names of its fields in the manifest.
struct GoldenCase: CustomTestStringConvertible, @unchecked Sendable {
  let fields: [String: Any]
  var id: String { fields["id"] as! String }
  var kind: String { fields["kind"] as! String }
  var ops: [[String: Any]] { fields["ops"] as? [[String: Any]] ?? [] }
  var testDescription: String { id }

  /// The tensor recorded under a key.
  func tensor(_ key: String) throws -> Tensor {
    let file = try GoldenTensors.file(fields["file"] as! String)
    let info = file[key]!
    let dtype: DType =
      switch info.type {
      case .f64: .float64
      case .f32: .float32
      case .f16: .float16
      case .bf16: .bfloat16
      case .i64: .int64
      case .i32: .int32
      case .i16: .int16
      case .i8: .int8
      case .u8: .uint8
      case .bool: .bool
      default: fatalError("\(key): unexpected type \(info.type)")
      }
    return try file.withBytes(of: key) { bytes in
      Tensor(shape: info.shape, dtype: dtype) { if bytes.count > 0 { $0.copyMemory(from: bytes) } }
    }
  }
}

private enum GoldenTensors {
  nonisolated(unsafe) static var open: [String: SafetensorsFile] = [:]
  static func file(_ name: String) throws -> SafetensorsFile {
    if let file = open[name] { return file }
    let file = try SafetensorsFile(path: GoldenManifest.url(name).path)
    open[name] = file
    return file
  }
}

/// `{type, value, hex}` as the manifest writes numbers.
struct GoldenNumber {
  let fields: [String: Any]
  init?(_ any: Any?) {
    guard let fields = any as? [String: Any] else { return nil }
    self.fields = fields
  }
  var type: String { fields["type"] as! String }
  var double: Double? { (fields["hex"] as? String).flatMap(Double.init) }

  /// The amount, or nil for what Swift's types cannot say: texts, None, True, integers beyond 64 bits.
  var amount: Amount? {
    switch type {
    case "float": double.map(Amount.fraction)
    case "int": (fields["value"] as? Int).map(Amount.count)
    case "bool": (fields["value"] as? Bool) == false ? .count(0) : nil
    default: nil
    }
  }

  /// The norm, or nil for texts that name none.
  var norm: Norm? {
    switch type {
    case "float": return double.map(Norm.p)
    case "int": return (fields["value"] as? Int).map { .p(Double($0)) }
    case "none": return .frobenius
    default:
      switch fields["value"] as? String {
      case "fro": return .frobenius
      case "nuc": return .nuclear
      default: return nil
      }
    }
  }
}
