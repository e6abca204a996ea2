/// Where Bonsai decides otherwise than PyTorch on purpose.
enum Decision: Hashable {
  /// Step i fails in PyTorch and works here.
  case worksHere(Int)
  /// Step i works in PyTorch and is refused here.
  case refusedHere(Int)
  /// PyTorch's module is damaged or reordered by a failing call, so that its later snapshots do not apply here; here
  /// the failing call is compared with the state before it.
  case unchangedByFailure
  /// At step i PyTorch ranks a pruned tensor that is stale; here it is mask times original at any time, so that other
  /// entries go. Tested by itself in `DifferenceTests`.
  case neverStale(Int)
  /// A parameter listed twice takes part once.
  case eachParameterOnce
}

/// The decided differences by case, with the reason of each. The documentation's page "Differences from PyTorch" lists
/// the same rules.
let decidedDifferences: [String: (decisions: Set<Decision>, reason: String)] = [
  // A failing call leaves the module as it was.
  "custom_shape": ([.unchangedByFailure], "a failing first call reorders the parameters in PyTorch"),
  "custom_broadcastable": ([.unchangedByFailure], "a failing first call reorders the parameters in PyTorch"),
  "ln_conv_fro_fails": ([.worksHere(0)], "'fro' is the root of the sum of squares for any number of dimensions"),
  "c_all_pruned_then_int": ([.unchangedByFailure, .worksHere(2)], "the hook survives a failing call, so remove works"),
  "e_amount_size": ([.unchangedByFailure], "a failing first call reorders the parameters in PyTorch"),
  "e_second_dim": ([.unchangedByFailure, .worksHere(2)], "the hook survives a failing second call"),
  "e_second_amount": ([.unchangedByFailure, .worksHere(2), .worksHere(3)], "the hook survives a failing second call"),
  "e_second_init": ([.unchangedByFailure, .worksHere(2)], "the hook survives a failing second call"),
  "e_third_amount": ([.unchangedByFailure], "the hook survives a failing third call"),
  // Scores are never stale.
  "g_stale": ([.neverStale(2)], "the scores are mask times original as it stands"),
  "t_stale_l1": ([.neverStale(2)], "the scores are mask times original as it stands"),
  "t_conv": ([.neverStale(4)], "the scores are mask times original as it stands"),
  // Norms of half types are taken in float32.
  "d_nuc_bf16_fails": ([.worksHere(0)], "the nuclear norm of bfloat16 is computed in float32"),
  // A parameter counts once, and shapes are checked.
  "g_same_param_twice": ([.eachParameterOnce], "a parameter listed twice is pruned once"),
  "g_importance_transposed_ok": ([.refusedHere(0)], "scores must have the parameter's shape, not only its size"),
  "g_swapped_sizes_ok": ([.refusedHere(0)], "scores must have each parameter's shape"),
  // Every layout works.
  "s_channels_last_l1": ([.worksHere(0)], "strided weights can be pruned"),
  "s_channels_last_ru": ([.worksHere(0)], "strided weights can be pruned"),
  "s_channels_last_global": ([.worksHere(0)], "strided weights can be pruned"),
  "s_transposed_l1": ([.worksHere(0)], "strided weights can be pruned"),
]
