import Torch

/// What torch made of a step: how it went, and everything there is afterwards.
struct Reply: Decodable {
  enum Status: String, Decodable {
    /// It was done.
    case done
    /// torch refused it and nothing has changed.
    case refused
    /// The network cannot be made.
    case impossible
    /// The oracle itself failed.
    case fault
  }

  struct Hook: Decodable, Equatable {
    let tensor: String
    let methods: [String]
  }

  struct ModuleNames: Decodable, Equatable {
    let path: String
    let parameters: [String]
    let buffers: [String]
    let hooks: [Hook]
    let isTraining: Bool
  }

  struct RemoteTensor: Decodable {
    let key: String
    let dtype: String
    let shape: [Int]
    let strides: [Int]
    let requiresGrad: Bool
    /// How many bytes follow the reply's line; -1 where they are those of the reply before.
    let bytes: Int
    var data: [UInt8] = []

    private enum CodingKeys: CodingKey { case key, dtype, shape, strides, requiresGrad, bytes }

    /// The tensor here.
    var tensor: Tensor {
      Tensor(shape: shape, dtype: DType(dtype) ?? .float32) { target in
        data.withUnsafeBytes { if $0.count > 0 { target.copyMemory(from: $0) } }
      }
    }
  }

  let status: Status
  let message: String
  var tensors: [RemoteTensor]
  let modules: [ModuleNames]?
  let stateDict: [String]?
  let parameters: [String]?
  let isPruned: Bool?
  let missing: [String]?
  let unexpected: [String]?
  let bytes: Int
}
