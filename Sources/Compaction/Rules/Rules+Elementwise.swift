import Graphs

extension RuleTable {
  /// Operators that treat each entry by itself, of one tensor or of several that are broadcast.
  mutating func addElementwise() {
    add(
      """
      relu relu_ relu6 hardtanh hardtanh_ silu silu_ gelu gelu_ sigmoid sigmoid_ hardsigmoid hardsigmoid_ hardswish hardswish_
      leaky_relu leaky_relu_ elu elu_ celu celu_ selu selu_ softplus softsign mish mish_ tanh tanh_ hardshrink softshrink
      threshold threshold_ log_sigmoid logit exp exp_ expm1 log log1p log2 log10 neg abs sqrt sqrt_ rsqrt square reciprocal erf
      sin cos tan asin acos atan sinh cosh asinh acosh atanh sign sgn floor ceil round trunc frac isnan isinf isfinite nan_to_num
      clamp clamp_ clamp_min clamp_max clip logical_not bitwise_not positive deg2rad rad2deg
      dropout dropout_ feature_dropout alpha_dropout contiguous clone alias lift_fresh_copy detach detach_ zeros_like
      ones_like full_like empty_like rand_like randn_like
      add add_ sub sub_ mul mul_ div div_ true_divide floor_divide remainder fmod pow pow_ rsub where maximum minimum fmax fmin
      masked_fill masked_fill_ fill fill_ copy_ copy lerp addcmul addcdiv atan2 hypot logaddexp xlogy
      eq ne lt le gt ge logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift __and__ __or__
      """
    ) { step in
      guard let output = step.outputs.first else { return step.isUnknown() }
      let rank = step.sizes(of: output).count
      step.give(step.broadcast(step.inputs.map { (step.dimensions(of: $0), step.sizes(of: $0)) }, rank: rank))
    }
    // The type of a second tensor says nothing of its dimensions.
    add("to _to_copy type_as float half double bfloat16 lift_fresh") { step in
      guard let subject = step.subject else { return step.isUnknown() }
      step.give(step.dimensions(of: subject))
    }
    // Checks of what is known.
    add("_assert_tensor_metadata _assert_scalar _assert_async sym_constrain_range sym_constrain_range_for_size") {
      step in
      guard step.isGiven("size") || step.isGiven("stride"), let subject = step.inputs.first else { return }
      for dimension in step.dimensions(of: subject) { step.freeze(dimension, because: "it asserts its sizes") }
    }
    add("sym_size sym_stride sym_numel") { step in
      guard let subject = step.inputs.first else { return }
      let dimensions = step.dimensions(of: subject)
      let axis = step.node.baseName == "sym_size" ? step.axis(step.int("dim"), rank: dimensions.count) : nil
      for (index, dimension) in dimensions.enumerated() where axis == nil || axis == index {
        step.freeze(dimension, because: "its size is computed with")
      }
    }
  }
}
