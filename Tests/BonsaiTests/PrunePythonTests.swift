import Checkpoints
import FilePruning
import Foundation
import Pruning
import Recipes
import Testing
import Torch

@testable import bonsai

/// The command beside Python's torch, both ways.
///
/// Runs where `python3`, or the interpreter that `PYTHON` names, finds torch.
@Suite(.enabled(if: hasTorch, "needs a python3 with torch and safetensors")) struct PrunePythonTests {
  let scratch = Scratch()

  func bytes(_ checkpoint: Checkpoint, _ name: String) throws -> [UInt8] {
    try checkpoint.withBytes(of: name) { Array($0) }
  }

  /// After the same `manual_seed` the masks are PyTorch's, also on top of earlier ones. Draws in 16 bits are often equal:
  /// there Python takes those with the lowest flat index, and makes sure that PyTorch's own choice differs in ties only.
  @Test func randomMasksArePyTorchs() throws {
    let outcome = try python(
      """
      import sys, torch, torch.nn as nn
      from torch.nn.utils import prune
      directory = sys.argv[1]

      class First(prune.BasePruningMethod):
          PRUNING_TYPE = "unstructured"
          def __init__(self, amount):
              self.amount = amount
          def compute_mask(self, t, default_mask):
              state = torch.get_rng_state()
              draws = torch.rand_like(t)
              k = round(self.amount * t.nelement())
              order = draws.view(-1).argsort(descending=True, stable=True)
              mask = default_mask.clone()
              mask.view(-1)[order[:k]] = 0
              torch.set_rng_state(state)
              theirs = prune.RandomUnstructured(self.amount).compute_mask(t, default_mask)
              assert (draws.view(-1)[(theirs != mask).view(-1)] == draws.view(-1)[order[k - 1]]).all()
              return mask

      def layers(model):
          return [(model.fc1, "weight"), (model.fc2, "weight"), (model.conv, "weight")]

      def model(dtype):
          torch.manual_seed(1)
          model = nn.Module()
          model.fc1, model.fc2, model.conv = nn.Linear(70, 60), nn.Linear(60, 40), nn.Conv2d(8, 16, 3)
          return model.to(dtype)

      for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
          name = f"{directory}/{str(dtype)[6:]}"
          net = model(dtype)
          torch.save(net.state_dict(), f"{name}.pt")
          prune.global_unstructured(layers(net), prune.L1Unstructured, amount=0.4)
          torch.save(net.state_dict(), f"{name}-masked.pt")
          for case in ("tensor", "global", "channels"):
              for earlier in ("", "-masked"):
                  net = model(dtype)
                  if earlier:
                      prune.global_unstructured(layers(net), prune.L1Unstructured, amount=0.4)
                      if case == "channels":
                          continue
                  torch.manual_seed(7)
                  if case == "global":
                      prune.global_unstructured(layers(net), First, amount=0.3)
                  for module, tensor in layers(net):
                      if case == "tensor":
                          First.apply(module, tensor, 0.3)
                      elif case == "channels":
                          prune.random_structured(module, tensor, amount=0.3, dim=1)
                  torch.save(net.state_dict(), f"{name}{earlier}-{case}.pt")
      print("done")
      """, [scratch.path])
    #expect(outcome.output == "done\n")
    for dtype in ["float32", "float64", "bfloat16", "float16"] {
      for (input, scope) in [("", "tensor"), ("", "global"), ("-masked", "tensor"), ("-masked", "global")] {
        let recipe = Recipe(
          .random(seed: 7), target: .amount(0.3), distribution: scope == "global" ? .global : .uniform)
        try prune("\(dtype)\(input).pt", recipe, wanted: "\(dtype)\(input)-\(scope).pt")
      }
      let channels = Recipe(.random(seed: 7), target: .amount(0.3), pattern: .structured(dim: 1))
      try prune("\(dtype).pt", channels, wanted: "\(dtype)-channels.pt")
    }
    // And once through the program that draws for the command.
    let command = try bonsai(
      "prune", scratch("bfloat16-masked.pt"), "-o", scratch("command.pt"), "--masks", "--criterion", "random", "--seed",
      "7", "--amount", "0.3", "--distribution", "uniform")
    #expect(command.status == 0 && command.error == "")
    try expectSame(scratch("command.pt"), scratch("bfloat16-masked-tensor.pt"))
    #expect(try Checkpoint.open(scratch("command.pt")).metadata["bonsai.1.seed"] == "7")
  }

  func prune(_ input: String, _ recipe: Recipe, wanted: String) throws {
    let pruner = try FilePruner(try Checkpoint.open(scratch(input)), recipe, draws: EngineDraws())
    _ = try pruner.run(to: .init(path: scratch("out.pt"), format: .pytorch, form: .masks, replacing: true))
    try expectSame(scratch("out.pt"), scratch(wanted))
  }

  func expectSame(_ found: String, _ wanted: String, location: SourceLocation = #_sourceLocation) throws {
    let (found, wanted) = (try Checkpoint.open(found), try Checkpoint.open(wanted))
    #expect(found.tensors.map(\.spec) == wanted.tensors.map(\.spec), sourceLocation: location)
    for tensor in wanted.tensors {
      #expect(
        try bytes(found, tensor.name) == bytes(wanted, tensor.name), "\(wanted.path): \(tensor.name)",
        sourceLocation: location)
    }
  }

  /// What `--masks` writes loads into a module whose weights are pruned, which is then pruned further as PyTorch's own.
  @Test func pythonGoesOnFromMasks() throws {
    let made = try python(
      """
      import sys, torch
      torch.manual_seed(3)
      torch.save(torch.nn.Sequential(torch.nn.Conv2d(3, 8, 5), torch.nn.BatchNorm2d(8)).state_dict(), sys.argv[1])
      """, [scratch("model.pt")])
    #expect(made.status == 0)
    #expect(
      try bonsai("prune", scratch("model.pt"), "-o", scratch("masks.pt"), "--amount", "0.4", "--masks").status == 0)
    #expect(
      try bonsai("prune", scratch("model.pt"), "-o", scratch("masks.safetensors"), "--amount", "0.4", "--masks").status
        == 0)
    let outcome = try python(
      """
      import sys, torch
      from torch.nn.utils import prune
      from safetensors.torch import load_file
      plain, masks, tensors = sys.argv[1:]
      def net():
          return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 5), torch.nn.BatchNorm2d(8))
      theirs = net()
      theirs.load_state_dict(torch.load(plain, weights_only=True))
      prune.l1_unstructured(theirs[0], "weight", amount=0.4)
      for state in (torch.load(masks, weights_only=True), load_file(tensors)):
          ours = net()
          prune.identity(ours[0], "weight")
          print(ours.load_state_dict(state))
          x = torch.randn(2, 3, 9, 9)
          ours.eval()(x)  # PyTorch makes the product of weight and mask in the forward pass only
          prune.l1_unstructured(ours[0], "weight", amount=0.5)
          further = net()
          further.load_state_dict(torch.load(plain, weights_only=True))
          prune.l1_unstructured(further[0], "weight", amount=0.4)
          prune.l1_unstructured(further[0], "weight", amount=0.5)
          print(torch.equal(ours(x), further.eval()(x)), sorted(ours.state_dict()) == sorted(further.state_dict()),
                all(torch.equal(a, further.state_dict()[n]) for n, a in ours.state_dict().items()))
      print(list(torch.load(masks, weights_only=True)) == list(theirs.state_dict()))
      """, [scratch("model.pt"), scratch("masks.pt"), scratch("masks.safetensors")])
    let each = ["<All keys matched successfully>", "True True True"]
    #expect(outcome.lines == each + each + ["True", ""], "\(outcome.error)")
  }

  /// Two shapes of one memory have no channels in common; single entries they have.
  @Test func namesOfSeveralShapesHaveNoChannels() throws {
    let saved = try python(
      """
      import sys, torch
      weight = torch.arange(24.0).view(4, 6)
      torch.save({"a.weight": weight, "b.weight": weight.view(6, 4)}, sys.argv[1])
      """, [scratch("shapes.pt")])
    #expect(saved.status == 0, "\(saved.error)")
    for pattern in ["structured", "2x2", "1:2"] {
      let amount = pattern.contains(":") ? [] : ["--amount", "0.5"]
      let refused = try run("bonsai", ["prune", scratch("shapes.pt"), "--dry-run", "--pattern", pattern] + amount)
      #expect(refused.status == 2 && refused.error.contains("\"b.weight\" of shape [4, 6], like \"a.weight\""))
    }
    let pruned = try bonsai("prune", scratch("shapes.pt"), "--amount", "0.5", "-o", scratch("half.pt"))
    #expect(pruned.status == 0)
    let half = try Checkpoint.open(scratch("half.pt"))
    #expect(try bytes(half, "a.weight") == bytes(half, "b.weight"))
  }
}
