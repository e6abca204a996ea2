import Foundation
import Torch

/// An array in the IDX format, the one of the MNIST data sets: a mark, the dimensions, the entries, all big-endian.
///
/// ```swift
/// let images = try IDXFile.read("train-images-idx3-ubyte")  // uint8 [60000, 28, 28]
/// ```
public enum IDXFile {
  /// The array of a file.
  ///
  /// Time and memory are linear in the size of the array.
  /// - Parameter path: Where the file is.
  /// - Returns: A tensor of the file's shape; uint8, int8, int16, int32, float32 or float64.
  /// - Throws: ``DatasetError``, for every file that is not wholly in order; nothing is read past its end.
  public static func read(_ path: String) throws(DatasetError) -> Tensor {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw .unreadable(file: path, reason: "it is a folder")
    }
    let bytes: Data
    do { bytes = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw .unreadable(file: path, reason: reason(of: error))
    }
    let result = bytes.withUnsafeBytes { raw in
      Result { () throws(DatasetError) in try decode(raw, file: path) }
    }
    return try result.get()
  }

  /// The array in `bytes`; `file` is the name for errors.
  static func decode(_ bytes: UnsafeRawBufferPointer, file: String) throws(DatasetError) -> Tensor {
    guard !bytes.starts(with: [0x1f, 0x8b]) else { throw .compressed(file: file) }
    let header = try IDXHeader(bytes, file: file)
    let entries = UnsafeRawBufferPointer(rebasing: bytes[header.byteCount...])
    guard entries.count == header.entryBytes else {
      throw .format(
        file: file, expected: "\(header.entryBytes) bytes for \(header.dtype) \(header.shape)",
        found: "\(entries.count)")
    }
    return Tensor(shape: header.shape, dtype: header.dtype) { target in
      guard entries.count > 0 else { return }
      target.copyMemory(from: entries)
      switch header.dtype.byteCount {
      case 2: fromBigEndian(target.bindMemory(to: UInt16.self))
      case 4: fromBigEndian(target.bindMemory(to: UInt32.self))
      case 8: fromBigEndian(target.bindMemory(to: UInt64.self))
      default: break
      }
    }
  }

  /// What the system says, such as `Permission denied`.
  private static func reason(of error: any Error) -> String {
    let error = error as NSError
    let cause = (error.userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError } ?? error
    return cause.domain == NSPOSIXErrorDomain
      ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
  }

  private static func fromBigEndian(_ words: UnsafeMutableBufferPointer<some FixedWidthInteger>) {
    for index in words.indices { words[index] = .init(bigEndian: words[index]) }
  }
}
