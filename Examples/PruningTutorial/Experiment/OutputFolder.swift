import Foundation

/// The folder that takes the results.
struct OutputFolder {
  private let url: URL

  /// Makes the folder where it is not there yet.
  init(_ path: String) throws(OutputError) {
    url = URL(fileURLWithPath: path, isDirectory: true)
    do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
      throw OutputError(operation: "create the folder", path: path, error)
    }
  }

  /// The path of a file in the folder.
  func path(_ name: String) -> String { url.appendingPathComponent(name).relativePath }

  /// Writes a file of text; an earlier one stays as it was unless all goes well.
  func write(_ text: String, to name: String) throws(OutputError) {
    do { try text.write(toFile: path(name), atomically: true, encoding: .utf8) } catch {
      throw OutputError(operation: "write", path: path(name), error)
    }
  }
}

/// What the system refused to write.
struct OutputError: Error, CustomStringConvertible {
  let description: String

  init(operation: String, path: String, _ error: any Error) {
    let error = error as NSError
    let cause = (error.userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError } ?? error
    let reason =
      cause.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(cause.code))) : error.localizedDescription
    description = "cannot \(operation) '\(path)' (\(reason)); name another folder with --out"
  }
}
