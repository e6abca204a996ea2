import ArgumentParser
import Compaction
import Foundation
import ONNXCases
import Torch

import struct Graphs.ONNXOperatorTable

/// `bonsai-bench onnx`: onnx's own node tests, all in one process.
struct ONNXCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onnx",
    abstract: "Runs onnx's node tests, written out by Benchmarks/Models/onnx_cases.py, and counts them by operator.")

  @Argument(help: ArgumentHelp("The folder of the cases.", valueName: "folder"))
  var folder: String?

  @Option(help: ArgumentHelp("Only cases whose name or operator holds this.", valueName: "text"))
  var only: String?

  @Flag(help: "Say of each case that is not supported why.")
  var reasons = false

  @Flag(help: "Print the table of operators in Markdown instead.")
  var table = false

  func run() throws {
    threadCount = 1
    if table {
      print(ONNXOperatorTable.standard.markdown { RuleTable.standard[$0] != nil }, terminator: "")
      return
    }
    guard let folder else { throw ValidationError("expected the folder of the cases, found none") }
    var counts: [String: (passed: Int, failed: Int, unsupported: Int)] = [:]
    var (withConstants, all) = (0, 0)
    for test in try ONNXCase.all(in: folder) where only.map({ test.name.contains($0) || test.operator == $0 }) ?? true {
      all += 1
      switch test.run(in: folder) {
      case .passed(let constants):
        counts[test.operator, default: (0, 0, 0)].passed += 1
        if !constants.isEmpty { withConstants += 1 }
      case .failed(let problem):
        counts[test.operator, default: (0, 0, 0)].failed += 1
        print("failed: \(test.name): \(problem)")
      case .unsupported(let reason):
        counts[test.operator, default: (0, 0, 0)].unsupported += 1
        if reasons { print("not supported: \(test.name): \(reason)") }
      }
    }
    print("operator                        passed  failed  not supported")
    let table = ONNXOperatorTable.standard
    var (total, inTable) = ((0, 0, 0), (0, 0))
    for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
      let isThere = table[name].map { $0.refusal == nil } ?? false
      let row = [count.passed, count.failed, count.unsupported].map { String($0).leftPadded(8) }.joined()
      print(name.padding(toLength: 30, withPad: " ", startingAt: 0) + row + (isThere ? "" : "   not in the table"))
      total = (total.0 + count.passed, total.1 + count.failed, total.2 + count.unsupported)
      if isThere { inTable = (inTable.0 + count.passed, inTable.1 + count.passed + count.failed + count.unsupported) }
    }
    let supported = table.entries.count { $0.refusal == nil }
    print(
      "\(all) cases: \(total.0) passed (\(withConstants) with inputs that decide shapes given as constants), "
        + "\(total.1) failed, \(total.2) not supported")
    print(
      "operators in the table: \(supported) of \(table.entries.count); of their cases \(inTable.0) of \(inTable.1) pass, "
        + String(format: "%.1f %%", 100 * Double(inTable.0) / Double(max(inTable.1, 1))))
  }
}

extension String {
  fileprivate func leftPadded(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
