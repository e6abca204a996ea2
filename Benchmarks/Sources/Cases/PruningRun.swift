import Foundation
import NN
import Torch

/// Runs cases on both sides in turns.
final class PruningRun {
  private let bonsai = BonsaiSide()
  private let peer: PythonPeer?
  private let threads: Int
  private let repeats: Int
  private let torchRepeats: Int
  private let folder: URL
  /// What the layers on both sides are at present.
  private var model = ""
  private var floor: CopyFloor?

  /// PyTorch takes up to this many times the memory of the weights beside them.
  private static let torchMemoryFactor = 14

  /// - Parameter peer: PyTorch's side, or nil to run without it.
  init(peer: PythonPeer?, threads: Int, repeats: Int, torchRepeats: Int) throws {
    self.peer = peer
    self.threads = threads
    self.repeats = repeats
    self.torchRepeats = torchRepeats
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("bonsai-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Checks that both sides do the same, then measures the case: a copy, Bonsai and PyTorch in turns, several times.
  func run(_ item: PruningCase) throws -> CaseResult {
    var result = CaseResult(item)
    let peer = fits(item) ? peer : nil
    try makeModels(item, peer)
    let seed = item.seed + 1
    _ = try bonsai.call(item, seed: seed)
    if let peer {
      _ = try peer.ask("call", request(item, seed: seed))
      result.mask = try check(item, peer, seed: seed)
    }
    let floor = floor ?? CopyFloor(bytes: item.bytes, threads: threads)
    self.floor = floor
    for turn in 0..<runs(item) {
      let seed = item.seed + 2 + UInt64(turn)
      result.copy.add(floor.secondsPerByte() * Double(item.trafficBytes))
      // Each goes first in turn.
      let order = turn % 2 == 0 ? [true, false] : [false, true]
      for isBonsai in order {
        if isBonsai {
          let (call, withProduct) = try bonsai.call(item, seed: seed)
          result.bonsaiCall.add(call)
          result.bonsai.add(withProduct)
        } else if turn < torchRepeats, let seconds = try peer?.ask("call", request(item, seed: seed)).seconds {
          result.torch.add(seconds)
        }
      }
    }
    result.bonsaiPeakBytes = try bonsai.peak(item, seed: seed)
    result.torchPeakBytes = try peer?.ask("peak", request(item, seed: seed)).bytes
    return result
  }

  /// More runs of short calls, whose times vary more.
  private func runs(_ item: PruningCase) -> Int {
    item.weights <= 1 << 16 ? 10 * repeats : item.weights <= 1 << 21 ? 3 * repeats : repeats
  }

  private func fits(_ item: PruningCase) -> Bool {
    guard let available = ProcessMemory.available else { return true }
    return item.bytes * Self.torchMemoryFactor < available
  }

  private func makeModels(_ item: PruningCase, _ peer: PythonPeer?) throws {
    let wanted = "\(item.shapes) \(item.dtype) \(item.seed) \(peer != nil)"
    guard wanted != model else { return }
    model = wanted
    floor = nil
    let mine = bonsai.make(item)
    guard let peer else {
      try self.peer?.ask("forget")
      return
    }
    let theirs = try peer.ask(
      "model", ["seed": item.seed, "shapes": item.shapes, "dtype": item.dtype.description])
    guard theirs.checksums == mine else {
      throw BenchError("the weights differ between the sides for seed \(item.seed)")
    }
  }

  private func request(_ item: PruningCase, seed: UInt64) -> [String: Any] {
    [
      "method": item.method.torchName, "amount": item.amount, "seed": seed,
      "prior": item.method.prior.map { $0 as Any } ?? NSNull(),
    ]
  }

  private func check(_ item: PruningCase, _ peer: PythonPeer, seed: UInt64) throws -> MaskCheck {
    let file = folder.appendingPathComponent("masks")
    defer { try? FileManager.default.removeItem(at: file) }
    let reply = try peer.ask("result", ["path": file.path])
    return try MaskCheck(
      item, bonsai, seed: seed, masks: Data(contentsOf: file, options: .alwaysMapped), checksums: reply.checksums ?? [])
  }
}
