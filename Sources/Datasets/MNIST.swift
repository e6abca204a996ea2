/// LeCun's MNIST: 60,000 handwritten digits to train on and 10,000 to test with, 28 x 28 grey.
///
/// Read as ``FashionMNIST`` is, from the four files of the same names.
/// LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to document recognition" (1998).
public enum MNIST {
  /// What the labels 0 ... 9 stand for.
  public static let classNames = (0...9).map { String($0) }

  /// The mean of the training pixels, in 0...1.
  public static let mean = 0.1307
  /// The standard deviation of the training pixels.
  public static let std = 0.3081

  private static let files = MNISTFiles(name: "MNIST", mean: mean, std: std)

  /// Both parts; see ``load(_:from:)``.
  public static func load(from folder: String) throws(DatasetError) -> (train: ImageSet, test: ImageSet) {
    (try files.load(.train, from: folder), try files.load(.test, from: folder))
  }

  /// One part, its images padded with zeros to 32 x 32 and normalised: float32 `[n, 1, 32, 32]` and int64 `[n]`.
  public static func load(_ part: DatasetPart, from folder: String) throws(DatasetError) -> ImageSet {
    try files.load(part, from: folder)
  }
}
