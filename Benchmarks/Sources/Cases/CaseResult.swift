/// What was measured of one case. Seconds and bytes.
struct CaseResult: Codable {
  let method: String
  let dtype: String
  let weights: Int
  let amount: Double
  /// Bonsai's call with its products read.
  var bonsai = Samples()
  /// Bonsai's call alone.
  var bonsaiCall = Samples()
  /// PyTorch's call, which makes the products.
  var torch = Samples()
  /// A plain copy of as many bytes as the case reads and writes.
  var copy = Samples()
  let trafficBytes: Int
  let weightBytes: Int
  /// Memory beyond the weights at the worst moment.
  var bonsaiPeakBytes: Int?
  var torchPeakBytes: Int?
  var mask = MaskCheck.unchecked

  init(_ item: PruningCase) {
    method = item.method.rawValue
    dtype = item.dtype.description
    weights = item.weights
    amount = item.amount
    trafficBytes = item.trafficBytes
    weightBytes = item.bytes
  }

  /// How many times as long PyTorch takes, by medians; nil where it did not run.
  var ratio: Double? { torch.values.isEmpty ? nil : torch.median / bonsai.median }
  var ratioOfMinima: Double? { torch.values.isEmpty ? nil : torch.minimum / bonsai.minimum }
  var gigabytesPerSecond: Double { Double(trafficBytes) / bonsai.median / 1e9 }
  /// Bonsai's time by that of the copy; nil for sizes at which a copy takes no time.
  var ratioToFloor: Double? { weights < 1 << 18 ? nil : bonsai.median / copy.median }

  private enum Keys: String, CodingKey {
    case method, dtype, weights, amount, bonsai, bonsaiCall, torch, copy, trafficBytes, weightBytes, bonsaiPeakBytes
    case torchPeakBytes, mask, ratio, ratioOfMinima, gigabytesPerSecond, ratioToFloor
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Keys.self)
    method = try values.decode(String.self, forKey: .method)
    dtype = try values.decode(String.self, forKey: .dtype)
    weights = try values.decode(Int.self, forKey: .weights)
    amount = try values.decode(Double.self, forKey: .amount)
    bonsai = try values.decode(Samples.self, forKey: .bonsai)
    bonsaiCall = try values.decode(Samples.self, forKey: .bonsaiCall)
    torch = try values.decodeIfPresent(Samples.self, forKey: .torch) ?? Samples()
    copy = try values.decode(Samples.self, forKey: .copy)
    trafficBytes = try values.decode(Int.self, forKey: .trafficBytes)
    weightBytes = try values.decode(Int.self, forKey: .weightBytes)
    bonsaiPeakBytes = try values.decodeIfPresent(Int.self, forKey: .bonsaiPeakBytes)
    torchPeakBytes = try values.decodeIfPresent(Int.self, forKey: .torchPeakBytes)
    mask = try values.decode(MaskCheck.self, forKey: .mask)
  }

  /// Whether both are about the same work.
  func isSameCase(_ other: CaseResult) -> Bool {
    (method, dtype, weights, amount) == (other.method, other.dtype, other.weights, other.amount)
  }

  func encode(to encoder: any Encoder) throws {
    var out = encoder.container(keyedBy: Keys.self)
    try out.encode(method, forKey: .method)
    try out.encode(dtype, forKey: .dtype)
    try out.encode(weights, forKey: .weights)
    try out.encode(amount, forKey: .amount)
    try out.encode(bonsai, forKey: .bonsai)
    try out.encode(bonsaiCall, forKey: .bonsaiCall)
    if !torch.values.isEmpty { try out.encode(torch, forKey: .torch) }
    try out.encode(copy, forKey: .copy)
    try out.encode(trafficBytes, forKey: .trafficBytes)
    try out.encode(weightBytes, forKey: .weightBytes)
    try out.encodeIfPresent(bonsaiPeakBytes, forKey: .bonsaiPeakBytes)
    try out.encodeIfPresent(torchPeakBytes, forKey: .torchPeakBytes)
    try out.encode(mask, forKey: .mask)
    try out.encodeIfPresent(ratio, forKey: .ratio)
    try out.encodeIfPresent(ratioOfMinima, forKey: .ratioOfMinima)
    try out.encode(gigabytesPerSecond, forKey: .gigabytesPerSecond)
    try out.encodeIfPresent(ratioToFloor, forKey: .ratioToFloor)
  }
}
