import Graphs

extension RuleTable {
  /// Layers with weights: convolutions, linear maps, embeddings; and pooling and interpolation of space.
  mutating func addLayers() {
    add("conv1d conv2d conv3d convolution _convolution conv_transpose1d conv_transpose2d conv_transpose3d") { step in
      step.convolution()
    }
    add("linear") { step in
      guard let x = step.dimensions("input"), let weight = step.dimensions("weight"), weight.count == 2, !x.isEmpty
      else {
        return step.isUnknown("its shapes are not those of a linear layer")
      }
      step.labelling.join(step.labelling.flat(x[x.count - 1]), weight[1])
      if let bias = step.dimensions("bias") { _ = step.join(bias[0], weight[0]) }
      step.markOutput(of: step.tensor("weight"), dimension: 0)
      step.give(x.dropLast() + [weight[0]])
    }
    add("embedding") { step in
      guard let weight = step.dimensions("weight"), let output = step.outputs.first else { return step.isUnknown() }
      step.freeze(weight[0], because: "its rows are looked up")
      step.markOutput(of: step.tensor("weight"), dimension: 1)
      step.give(step.fixed(step.sizes(of: output).dropLast()) + [weight[1]])
    }
    for (names, space) in [
      ("max_pool1d avg_pool1d adaptive_avg_pool1d adaptive_max_pool1d lp_pool1d", 1), ("reflection_pad1d", 1),
      ("replication_pad1d upsample_nearest1d upsample_linear1d", 1),
      ("max_pool2d avg_pool2d adaptive_avg_pool2d adaptive_max_pool2d max_pool2d_with_indices", 2),
      ("upsample_nearest2d upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa reflection_pad2d", 2),
      ("replication_pad2d grid_sampler grid_sampler_2d _adaptive_avg_pool2d", 2),
      ("max_pool3d avg_pool3d adaptive_avg_pool3d adaptive_max_pool3d upsample_nearest3d upsample_trilinear3d", 3),
      ("max_pool3d_with_indices replication_pad3d reflection_pad3d grid_sampler_3d", 3),
    ] {
      add(names) { $0.spatial(space) }
    }
    add("pixel_shuffle") { step in
      guard let x = step.dimensions("self"), let factor = step.int("upscale_factor"), let output = step.outputs.first,
        x.count >= 3
      else { return step.isUnknown() }
      let sizes = step.sizes(of: output)
      var channels = Dimension()
      if let labels = step.labelling.flat(x[x.count - 3]) {
        // The factor² neighbours that make one channel go together.
        let square = factor * factor
        for index in labels.indices { step.labelling.forest.join(labels[index], labels[index - index % square]) }
        channels = step.dimension(stride(from: 0, to: labels.count, by: square).map { labels[$0] })
      } else {
        channels = step.fixed([sizes[x.count - 3]])[0]
      }
      step.give(Array(x.dropLast(3)) + [channels] + step.fixed(sizes.suffix(2)))
    }
    add("pixel_unshuffle") { step in
      guard let x = step.dimensions("self"), let factor = step.int("downscale_factor"), let output = step.outputs.first,
        x.count >= 3
      else { return step.isUnknown() }
      let channels = x[x.count - 3] + [Factor(Extent(factor * factor))]
      step.give(Array(x.dropLast(3)) + [channels] + step.fixed(step.sizes(of: output).suffix(2)))
    }
  }
}

extension Step {
  /// The last dimensions are space and stay; the others pass.
  fileprivate func spatial(_ count: Int) {
    guard let subject, case let x = dimensions(of: subject), x.count > count else { return isUnknown() }
    for dimension in x.suffix(count) { freeze(dimension, because: "it is pooled or interpolated over") }
    for name in inputs where name != subject {
      for dimension in dimensions(of: name) { freeze(dimension, because: "it says places") }
    }
    for name in outputs { give(x.dropLast(count) + fixed(sizes(of: name).suffix(count)), to: name) }
  }

  /// Input channels are joined with those of the weight, outputs are the weight's.
  ///
  /// With groups the unit is either a whole group, where there are as many groups as channels on one side (depthwise), or
  /// else the same place in every group.
  fileprivate func convolution() {
    guard let subject, case let x = dimensions(of: subject), let name = tensor("weight"), let output = outputs.first,
      case let weight = dimensions(of: name), x.count == weight.count, weight.count >= 3,
      let groups = int("groups", standard: 1)
    else { return isUnknown("its input has no batch") }
    let isTransposed = node.baseName.contains("transpose") || bool("transposed")
    let (outer, inner) = isTransposed ? (1, 0) : (0, 1)
    for dimension in weight[2...] + x[2...] { freeze(dimension, because: "it is the kernel's, or space") }
    markOutput(of: name, dimension: outer)
    let channels: Dimension
    if groups == 1 {
      labelling.join(labelling.flat(x[1]), weight[inner])
      channels = weight[outer]
    } else {
      guard let grouped = self.grouped(x[1], weight, output: output, groups: groups, isTransposed: isTransposed) else {
        return isUnknown("its channels are not known")
      }
      channels = grouped
    }
    if let bias = dimensions("bias") { labelling.join(labelling.flat(channels), bias[0]) }
    give([x[0], channels] + fixed(sizes(of: output).dropFirst(2)))
  }

  private func grouped(
    _ input: Dimension, _ weight: [Dimension], output: String, groups: Int, isTransposed: Bool
  ) -> Dimension? {
    guard let inputs = input.extent.fixed, let outputs = sizes(of: output)[1].fixed else { return nil }
    let (inputWidth, outputWidth) = (inputs / groups, outputs / groups)
    let given = labelling.flat(input) ?? labelling.fixed(inputs, because: "its input stays whole")
    // The weight holds all channels of one side, and those of one group of the other.
    guard let full = labelling.flat(weight[0]) else {
      labelling.freeze(given, because: "its weight stays whole")
      freeze(weight[1], because: "its weight stays whole")
      return fixed([Extent(outputs)])[0]
    }
    let fullWidth = isTransposed ? inputWidth : outputWidth
    if groups >= min(inputWidth, outputWidth) {
      freeze(weight[1], because: "whole groups go")
      let heads = (0..<groups).map { full[$0 * fullWidth] }
      for index in full.indices { labelling.forest.join(full[index], heads[index / fullWidth]) }
      for index in given.indices { labelling.forest.join(given[index], heads[index / inputWidth]) }
      rewrite { edit, survivors in
        let kept = survivors.count(heads)
        if kept != groups { edit.set("groups", .int(kept)) }
      }
      return dimension((0..<outputs).map { heads[$0 / outputWidth] })
    }
    for index in full.indices { labelling.forest.join(full[index], full[index % fullWidth]) }
    let part = labelling.flat(weight[1])
    if isTransposed {
      labelling.join(given, full)
      guard let part else { return fixed([Extent(outputs)])[0] }
      return dimension((0..<outputs).map { part[$0 % outputWidth] })
    }
    if let part {
      for index in given.indices { labelling.forest.join(given[index], part[index % inputWidth]) }
    } else {
      labelling.freeze(given, because: "its weight stays whole")
    }
    return dimension(full)
  }
}
