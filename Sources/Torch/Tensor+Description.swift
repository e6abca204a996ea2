import CTorch

extension Tensor: CustomStringConvertible {
  /// The text that Python prints for the same tensor: entries, then what is not as usual of device, size and dtype,
  /// then `requires_grad=True` or the operation that computed it.
  ///
  /// ```swift
  /// print(Tensor([[1, 2], [3, 4]] as [[Float]]) / 3)
  /// // tensor([[0.3333, 0.6667],
  /// //         [1.0000, 1.3333]])
  /// ```
  public var description: String { formatted() }

  /// The text that Python prints for a parameter: `Parameter containing:` and the tensor on the next line.
  public var parameterDescription: String { "Parameter containing:\n\(self)" }

  /// The text as ``description``, with other options: `torch.set_printoptions`.
  public func formatted(_ options: PrintOptions = .default) -> String {
    let prefix = "tensor("
    var text = prefix + (count == 0 ? "[]" : PrintedTensor(detach(), options).text(indent: prefix.utf8.count))
    // What follows goes to the next line where the last one is full.
    var lineLength = (text.split(separator: "\n", omittingEmptySubsequences: false).last?.utf8.count ?? 0) + 2
    for suffix in suffixes {
      let length = suffix.utf8.count
      if lineLength + length + 2 > options.lineWidth {
        text += ",\n" + String(repeating: " ", count: prefix.utf8.count) + suffix
        lineLength = prefix.utf8.count + length
      } else {
        text += ", " + suffix
        lineLength += length + 2
      }
    }
    return text + ")"
  }

  private var suffixes: [String] {
    var out: [String] = []
    if device.kind != .cpu { out.append("device='\(device)'") }
    if count == 0 {
      if rank != 1 { out.append("size=(\(shape.map(String.init).joined(separator: ", ")))") }
      if dtype != .float32 { out.append("dtype=torch.\(dtype)") }
    } else if ![.float32, .int64, .bool].contains(dtype) {
      out.append("dtype=torch.\(dtype)")
    }
    if let name = printedGradFunctionName {
      out.append("grad_fn=<\(name)>")
    } else if requiresGrad {
      out.append("requires_grad=True")
    }
    return out
  }

  /// As ``gradFunctionName``, but `Invalid` for a view whose history a change in place without gradients has spoilt.
  private var printedGradFunctionName: String? {
    var out: UnsafeMutablePointer<CChar>?
    return message(of: ct_tensor_grad_fn(handle, &out)) == nil ? message(of: out) : "Invalid"
  }
}

/// The entries of a tensor that are shown, and how brackets, commas and lines are set around them.
private struct PrintedTensor {
  /// The number of entries shown along each dimension.
  let lengths: [Int]
  /// Whether the middle of the dimension is left out.
  let isCut: [Bool]
  let formatter: NumberFormatter
  let options: PrintOptions

  init(_ tensor: Tensor, _ options: PrintOptions) {
    let edge = options.edgeItems
    let summarizes = tensor.count > options.threshold
    var shown = tensor
    var isCut: [Bool] = []
    for (dim, length) in tensor.shape.enumerated() {
      let cut = summarizes && length > 2 * edge
      isCut.append(cut)
      if cut {
        let ends = [shown.narrow(dim, start: 0, length: edge), shown.narrow(dim, start: length - edge, length: edge)]
        shown = Tensor.cat(ends, dim: dim)
      }
    }
    self.isCut = isCut
    self.options = options
    lengths = shown.shape
    formatter = NumberFormatter(shown.printedEntries, options: options)
  }

  /// The text, continued on lines that begin `indent` characters in.
  func text(indent: Int) -> String {
    var next = 0
    return text(dim: 0, indent: indent, next: &next)
  }

  private func text(dim: Int, indent: Int, next: inout Int) -> String {
    if lengths.isEmpty { return formatter.text(at: 0) }
    let margin = "\n" + String(repeating: " ", count: indent + 1)
    let isLast = dim == lengths.count - 1
    var parts: [String] = []
    for i in 0..<lengths[dim] {
      if isCut[dim] && i == options.edgeItems { parts.append(isLast ? " ..." : "...") }
      if isLast {
        parts.append(formatter.text(at: next))
        next += 1
      } else {
        parts.append(text(dim: dim + 1, indent: indent + 1, next: &next))
      }
    }
    guard isLast else {
      let blankLines = String(repeating: "\n", count: lengths.count - dim - 2)
      return "[" + parts.joined(separator: "," + blankLines + margin) + "]"
    }
    let perLine = Swift.max(1, (options.lineWidth - indent) / (formatter.width + 2))
    let lines = stride(from: 0, to: parts.count, by: perLine).map {
      parts[$0..<Swift.min($0 + perLine, parts.count)].joined(separator: ", ")
    }
    return "[" + lines.joined(separator: "," + margin) + "]"
  }
}

extension Tensor {
  fileprivate var printedEntries: NumberFormatter.Entries {
    if dtype == .bool { return .truth(array(of: Bool.self)) }
    return dtype.isFloatingPoint ? .real(array(of: Double.self)) : .whole(array(of: Int64.self))
  }
}
