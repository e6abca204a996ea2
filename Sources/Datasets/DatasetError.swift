/// What can be wrong with the files of a data set. Every case names the file.
public enum DatasetError: Error, Equatable, Sendable {
  /// The folder does not hold a file of the data set.
  case missing(dataset: String, file: String, folder: String)
  /// The system refused to read a file.
  case unreadable(file: String, reason: String)
  /// A file is compressed with gzip.
  case compressed(file: String)
  /// A file is not in the format it should be in, or does not fit the others of its data set.
  case format(file: String, expected: String, found: String)
}

extension DatasetError: CustomStringConvertible {
  /// One sentence: what was found and what to do.
  public var description: String {
    switch self {
    case .missing(let dataset, let file, let folder):
      "\(dataset): '\(folder)' holds no \(file); fetch the data set with `make data`, or name a folder that holds it"
    case .unreadable(let file, let reason):
      "\(file): cannot be read (\(reason)); check that it is a file and that you may read it"
    case .compressed(let file):
      "\(file): compressed with gzip; unpack it with `gunzip`, or fetch the data set with `make data`, which does"
    case .format(let file, let expected, let found):
      "\(file): expected \(expected), found \(found); delete it and fetch the data set again with `make data`"
    }
  }
}
