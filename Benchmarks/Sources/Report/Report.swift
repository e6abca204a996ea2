import Foundation
import Torch

/// All that a run found, as it is written to a JSON file.
struct Report: Encodable {
  /// Where and how it ran.
  struct Setting: Encodable {
    var command = CommandLine.arguments.dropFirst().joined(separator: " ")
    var date = ISO8601DateFormatter().string(from: Date())
    var processor = Setting.processorName
    var system = ProcessInfo.processInfo.operatingSystemVersionString
    var threads: Int
    var libTorch = libTorchVersion
    var torch: String?
    /// Jobs that wanted a processor in the minute before the run began, and before it ended: those of others count.
    var loadBefore = Setting.load
    var loadAfter: Double?

    init(threads: Int, torch: String?) {
      self.threads = threads
      self.torch = torch
    }

    static var load: Double? {
      var averages = [0.0]
      return getloadavg(&averages, 1) == 1 ? averages[0] : nil
    }

    private static var processorName: String? {
      let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
      let line = lines.first { $0.hasPrefix("model name") }
      return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  var setting: Setting
  var results: [CaseResult] = []
  var growth: [Growth] { Growth.of(results) }

  private enum Keys: String, CodingKey { case setting, results, growth }

  func encode(to encoder: any Encoder) throws {
    var out = encoder.container(keyedBy: Keys.self)
    try out.encode(setting, forKey: .setting)
    try out.encode(results, forKey: .results)
    try out.encode(growth, forKey: .growth)
  }
}

/// Writes a file, with the folders above it.
func write(_ data: Data, to path: String) throws {
  let url = URL(fileURLWithPath: path)
  try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
  try data.write(to: url, options: .atomic)
}

/// Writes a value as JSON, keys in order.
func write(_ value: some Encodable, toJSON path: String) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  try write(try encoder.encode(value), to: path)
}
