import Graphs

/// The parameters of a `.pt2` and its MACs at batch 1.
func counts(of file: String) throws -> (parameters: Int, macs: Int) {
  let graph = try ExportedProgram(contentsOf: file).graph
  return graph.counts(graph.symbols(batch: 1) ?? graph.symbols() ?? [:]).reduce((0, 0)) {
    ($0.0 + $1.parameters, $0.1 + $1.macs)
  }
}
