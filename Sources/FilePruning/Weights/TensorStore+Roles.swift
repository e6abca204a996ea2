import Checkpoints
import Recipes

extension TensorStore {
  /// The roles of all tensors, judged by the nodes that take them, where there is a graph, else by names, shapes, types and
  /// neighbours.
  public var roles: RoleTable {
    RoleTable(
      tensors.map { tensor in
        TensorDescription(
          path: tensor.name, shape: tensor.shape, typeName: tensor.type.name,
          known: TensorUse.judgement(uses(of: tensor.name), rank: tensor.shape.count, type: tensor.type))
      })
  }
}
