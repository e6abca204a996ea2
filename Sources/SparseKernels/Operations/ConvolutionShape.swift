/// What a convolution of two dimensions is, without its weight; one of one dimension has a height of 1 throughout.
public struct ConvolutionShape: Sendable, Hashable, Codable {
  /// Two lengths, along the height and along the width.
  public struct Pair: Sendable, Hashable, Codable {
    /// Along the height.
    public var height: Int
    /// Along the width.
    public var width: Int

    /// Two lengths.
    public init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
  }

  /// The input's channels.
  public var inputs: Int
  /// The output's channels.
  public var outputs: Int
  /// The kernel's size.
  public var kernel: Pair
  /// The step between windows.
  public var stride: Pair
  /// Zeros on either side.
  public var padding: Pair
  /// The distance between the kernel's entries.
  public var dilation: Pair
  /// Parts of the channels that do not see each other.
  public var groups: Int

  /// A convolution of two dimensions.
  ///
  /// - Throws: ``SparseKernelError/size(_:)`` where the numbers do not go together.
  public init(
    inputs: Int, outputs: Int, kernel: Pair, stride: Pair = Pair(1, 1), padding: Pair = Pair(0, 0),
    dilation: Pair = Pair(1, 1), groups: Int = 1
  ) throws(SparseKernelError) {
    guard inputs > 0, outputs > 0, groups > 0, inputs % groups == 0, outputs % groups == 0 else {
      throw .size(
        "a convolution of \(inputs) to \(outputs) channels in \(groups) groups: expected multiples of the groups")
    }
    guard [kernel, stride, dilation].allSatisfy({ $0.height > 0 && $0.width > 0 }), padding.height >= 0,
      padding.width >= 0
    else { throw .size("a convolution: kernel, stride and dilation must be above 0, padding not below it") }
    (self.inputs, self.outputs, self.groups) = (inputs, outputs, groups)
    (self.kernel, self.stride, self.padding, self.dilation) = (kernel, stride, padding, dilation)
  }

  /// The columns of the weight's matrix: inputs of a group by kernel.
  public var columns: Int { inputs / groups * kernel.height * kernel.width }

  /// The output's size for an input's; nil where the kernel is larger than the padded input.
  public func outputSize(height: Int, width: Int) -> Pair? {
    func length(_ input: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int? {
      let room = input + 2 * padding - dilation * (kernel - 1) - 1
      return input > 0 && room >= 0 ? room / stride + 1 : nil
    }
    guard let h = length(height, kernel.height, stride.height, padding.height, dilation.height),
      let w = length(width, kernel.width, stride.width, padding.width, dilation.width)
    else { return nil }
    return Pair(h, w)
  }

  /// Whether each output takes one pixel, and the input needs no copy.
  var isPointwise: Bool {
    kernel == Pair(1, 1) && stride == Pair(1, 1) && padding == Pair(0, 0)
  }
}
