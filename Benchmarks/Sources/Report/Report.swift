import Foundation
import Torch

/// All that a run found, as it is written to a JSON file.
struct Report: Codable {
  /// Where and how it ran.
  struct Setting: Codable {
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
  /// The settings of runs whose results were added to.
  var earlier: [Setting] = []
  var results: [CaseResult] = []
  var growth: [Growth] { Growth.of(results) }

  private enum Keys: String, CodingKey { case setting, earlier, results, growth }

  init(setting: Setting) { self.setting = setting }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Keys.self)
    setting = try values.decode(Setting.self, forKey: .setting)
    earlier = try values.decode([Setting].self, forKey: .earlier)
    results = try values.decode([CaseResult].self, forKey: .results)
  }

  /// Takes over the results that an earlier run has written to a file, if there is one.
  mutating func continueFile(_ path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else { return }
    let written: Report
    do { written = try JSONDecoder().decode(Report.self, from: data) } catch {
      throw BenchError("\(path) holds no results of 'bonsai-bench prune': name another file, or leave out --add")
    }
    earlier = written.earlier + [written.setting]
    results = written.results
  }

  /// Adds a result, in the place of an earlier one of the same work.
  mutating func add(_ result: CaseResult) {
    results.removeAll { $0.isSameCase(result) }
    results.append(result)
  }

  func encode(to encoder: any Encoder) throws {
    var out = encoder.container(keyedBy: Keys.self)
    try out.encode(setting, forKey: .setting)
    try out.encode(earlier, forKey: .earlier)
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
