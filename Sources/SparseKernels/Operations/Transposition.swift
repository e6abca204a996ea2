import CKernels

/// Matrices turned over: their rows become columns.
package enum Transposition {
  /// Rows that are turned over in one piece. Of long ones few, since a processor reads ahead in few places at a time: 8 MB of
  /// 32 rows of 1,024 took 0.9 ms by 16 and 1.3 by 64.
  private static func rowsInPiece(_ columns: Int) -> Int { columns > 128 ? 16 : 64 }

  /// Turns over matrices that lie one behind the other.
  ///
  /// - Parameters:
  ///   - source: [count, rows, columns], row by row.
  ///   - target: [count, columns, rows], written in full; must not overlap `source`.
  ///   - workers: the threads that share the work.
  ///   - instructions: those that are used.
  package static func transpose(
    _ source: UnsafePointer<Float>, count: Int, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>,
    workers: Workers = .serial, instructions: InstructionSet = .inUse
  ) {
    let kernels = instructions.kernels
    let rowsInPiece = rowsInPiece(columns)
    let pieces = (rows + rowsInPiece - 1) / rowsInPiece
    workers.split(count * pieces) { range in
      for piece in range {
        let (matrix, first) = (piece / pieces * rows * columns, piece % pieces * rowsInPiece)
        kernels.transpose(
          source + matrix + first * columns, Int64(columns), Int64(min(rowsInPiece, rows - first)), Int64(columns),
          target + matrix + first, Int64(rows), false)
      }
    }
  }
}
