/// Any JSON, so that a program can be made smaller without knowing what each number means.
indirect enum JSON: Codable, Equatable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSON].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSON].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  /// Simpler versions, each with one change somewhere within: a number nearer to 0, a key left out, an element dropped.
  /// - Parameter key: The key under which this stands, which says how small it may become.
  func simpler(under key: String = "") -> [JSON] {
    switch self {
    case .null, .bool, .string: return []
    case .int(let value):
      if key == "seed" { return value == 0 ? [] : [.int(0), .int(1)] }
      var least = ["_0", "dim", "padding", "projection", "batch", "slot"].contains(key) ? 0 : 1
      if value < least { least = value }
      return Set([least, value / 2, value - 1]).filter { $0 >= least && $0 < value }.sorted().map(JSON.int)
    case .double(let value): return [0.5, 0].filter { $0 != value && abs($0) < abs(value) }.map(JSON.double)
    case .array(let values):
      return values.indices.flatMap { i in
        values[i].simpler(under: key).map { simpler in
          var copy = values
          copy[i] = simpler
          return JSON.array(copy)
        }
      }
    case .object(let fields):
      return fields.keys.sorted().flatMap { name -> [JSON] in
        var candidates: [JSON] = []
        if ["scores", "layout", "dtype", "shape", "optimizer"].contains(name) {
          var copy = fields
          copy[name] = nil
          candidates.append(.object(copy))
        }
        for simpler in fields[name]?.simpler(under: name) ?? [] {
          var copy = fields
          copy[name] = simpler
          candidates.append(.object(copy))
        }
        return candidates
      }
    }
  }
}
