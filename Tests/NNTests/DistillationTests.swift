import NN
import TestSupport
import Testing
import Torch

extension NNTests {
  /// What a student learns from a teacher, against a few lines of Python.
  @Suite struct DistillationTests {
    final class Net: Module {
      let first: Linear
      let last: Linear
      init(_ inputs: Int, hidden: Int, _ classes: Int) {
        first = Linear(inputs, hidden)
        last = Linear(hidden, classes)
      }
      override func forward(_ x: Tensor) -> Tensor { last(relu(first(x))) }
    }

    static let script = """
      import sys, torch, torch.nn.functional as F
      from safetensors.torch import load_file, save_file
      g = load_file(sys.argv[1])
      out = {}
      for name, dim, T in (("flat", 1, 1.0), ("flat", 1, 4.0), ("space", 1, 2.5), ("tokens", -1, 0.5)):
          s, t = g[name + ".s"].requires_grad_(), g[name + ".t"]
          kl = (F.softmax(t / T, dim) * (F.log_softmax(t / T, dim) - F.log_softmax(s / T, dim))).sum(dim) * T ** 2
          s.grad = None
          kl.mean().backward()
          out[f"{name}.{T}.none"], out[f"{name}.{T}.grad"] = kl.detach(), s.grad.clone()
      net = {k: v.requires_grad_() if k.startswith("student") else v for k, v in g.items()}
      def run(who, x):
          h = F.relu(F.linear(x, net[who + ".first.weight"], net[who + ".first.bias"]))
          return h, F.linear(h, net[who + ".last.weight"], net[who + ".last.bias"])
      (hs, ys), (ht, yt) = run("student", g["x"]), run("teacher", g["x"])
      loss = 0.7 * 9 * F.kl_div(F.log_softmax(ys / 3, 1), F.softmax(yt / 3, 1), reduction="batchmean")
      loss = loss + F.mse_loss(ys, yt) + 0.1 * F.mse_loss(hs, ht)
      loss.backward()
      out["loss"] = loss.detach()
      for k, v in net.items():
          if k.startswith("student"): out[k] = v.grad
      save_file(out, sys.argv[2])
      """

    @Test(
      "losses and gradients are Python's",
      .enabled(if: Python.finds("torch", "safetensors"), "needs a python3 with torch and safetensors"))
    func againstPython() throws {
      manualSeed(5)
      let (student, teacher) = (Net(6, hidden: 8, 5), Net(6, hidden: 8, 5))
      var state: StateDict = ["x": Tensor.randn([7, 6])]
      for (name, shape) in [("flat", [9, 10]), ("space", [2, 5, 3, 4]), ("tokens", [2, 3, 11])] {
        for who in ["s", "t"] { state["\(name).\(who)"] = Tensor.randn(shape) * 3 }
      }
      for (who, net) in [("student", student), ("teacher", teacher)] {
        for (name, tensor) in net.stateDict { state["\(who).\(name)"] = tensor }
      }
      let expected = try Python.exchange(Self.script) {
        try state.save(to: $0)
      } result: {
        try StateDict(contentsOf: $0)
      }
      for (name, dim, temperature) in [("flat", 1, 1.0), ("flat", 1, 4), ("space", 1, 2.5), ("tokens", -1, 0.5)] {
        let own = try #require(state["\(name).s"]).clone()
        own.requiresGrad = true
        let taught = try #require(state["\(name).t"])
        func loss(_ reduction: LossReduction) -> Tensor {
          softTargetLoss(own, taught, temperature: temperature, dim: dim, reduction: reduction)
        }
        let items = try #require(expected["\(name).\(temperature).none"])
        #expect(difference(loss(.none).detach(), items) < 5e-5)
        #expect(abs(loss(.sum).item() - items.to(.float64).sum().item()) < 1e-3)
        loss(.mean).backward()
        #expect(difference(try #require(own.grad), try #require(expected["\(name).\(temperature).grad"])) < 1e-6)
      }
      let distillation = Distillation(
        .softTargets(temperature: 3, weight: 0.7), .outputs(), .features("last", weight: 0.1))
      let from = try Teacher(teacher, of: student, distillation)
      let x = try #require(state["x"])
      let loss = try from.loss(student(x), for: x)
      #expect(abs(loss.item() - (try #require(expected["loss"])).item()) < 1e-5)
      loss.backward()
      for (name, parameter) in student.namedParameters {
        #expect(difference(try #require(parameter.grad), try #require(expected["student.\(name)"])) < 1e-6, "\(name)")
      }
      #expect(teacher.parameters.allSatisfy { $0.grad == nil } && !teacher.isTraining && student.isTraining)
    }

    @Test("what does not fit is said") func refusals() throws {
      let (student, teacher) = (Net(3, hidden: 4, 2), Net(3, hidden: 5, 2))
      #expect(throws: ModuleError.noModule("fc", module: "Net", names: ["", "first", "last"])) {
        _ = try Teacher(teacher, of: student, Distillation(.features("fc")))
      }
      let x = Tensor.ones([1, 3])
      let from = try Teacher(teacher, of: student, Distillation(.features("last")))
      let early = #expect(throws: ModuleError.self) { _ = try from.loss(Tensor.zeros([1, 2]), for: x) }
      #expect("\(try #require(early))".contains("a pass of Net through 'last' before the loss"))
      let wider = #expect(throws: ModuleError.self) { _ = try from.loss(student(x), for: x) }
      #expect(
        "\(try #require(wider))"
          == "the modules differ: expected features into 'last' of shape [1, 5], as the teacher's, found [1, 4]")
      #expect(throws: ModuleError.self) { _ = try from.loss(Tensor.zeros([1, 3]), for: x) }
      // A teacher that is gone listens no more.
      var tapped: Teacher? = try Teacher(Net(3, hidden: 4, 2), of: student, Distillation(.features("last")))
      #expect(student.last.forwardPreHooks.count == 2 && tapped != nil)
      tapped = nil
      #expect(student.last.forwardPreHooks.count == 1)
    }
  }
}
