import NN
import OrderedCollections
import Testing
import Torch

private struct Parts {
  var head = Linear(1, 2)
  var tail: (Linear, inner: Linear?) = (Linear(2, 1), nil)
  var scale: Float = 1
}

private enum Block {
  case plain(Linear)
  case gated(Linear, gate: Linear)
  case none
}

private final class Nested: Module {
  let pair = (Linear(1, 1), right: Linear(1, 1))
  let stages = [[Linear(1, 1), Linear(1, 1)], [], [Linear(1, 1)]]
  let maybes: [Linear?] = [nil, Linear(1, 1), nil]
  let branches: [String: [Linear]] = ["b": [Linear(1, 1)], "a": [Linear(1, 1), Linear(1, 1)]]
  let levels: [Int: Linear] = [10: Linear(1, 1), 2: Linear(1, 1)]
  let ordered: OrderedDictionary<String, Linear?> = ["y": Linear(1, 1), "x": nil]
  let parts = Parts()
  let blocks: [Block] = [.plain(Linear(1, 1)), .none, .gated(Linear(1, 1), gate: Linear(1, 1))]
  let table = Array(repeating: Float(1), count: 1_000_000)
}

private final class Box {
  var module: Module?
  init(_ module: Module?) { self.module = module }
}

private final class Boxed: Module {
  let box: Box
  init(_ module: Module?) { box = Box(module) }
}

private final class Student: Module {
  let teacher: Box
  let layer = Linear(1, 1)
  init(_ teacher: Module) { self.teacher = Box(teacher) }
  override var propertiesWithoutChildren: Set<String> { ["teacher"] }
}

/// A part that counts how often it is looked through.
private struct Counting: CustomReflectable {
  final class Count { var value = 0 }
  let count = Count()
  let layer = Linear(1, 1)
  var customMirror: Mirror {
    count.value += 1
    return Mirror(self, children: ["layer": layer], displayStyle: .struct)
  }
}

private final class Counted: Module {
  let part = Counting()
  var step = 0
}

private final class Changing: Module {
  var fc = Linear(2, 2)
  var list: [Linear] = []
  var maybe: Linear?
  var parts = Parts()
  var dictionary: [String: Linear] = [:]
  var blocks: [Block] = [.none]
  weak var friend: Module?
}

extension NNTests {
  @Suite struct ChildrenTests {
    @Test func childrenOfEveryShape() {
      let names = [
        "pair.0", "pair.right", "stages.0.0", "stages.0.1", "stages.2.0", "maybes.1", "branches.a.0", "branches.a.1",
        "branches.b.0", "levels.2", "levels.10", "ordered.y", "parts.head", "parts.tail.0", "blocks.0", "blocks.2.0",
        "blocks.2.gate",
      ]
      let module = Nested()
      #expect(Array(module.children.keys) == names)
      #expect(module.parameters.count == 2 * names.count)
      #expect(module.stateDict.keys.contains("blocks.2.gate.weight"))
      module.eval()
      #expect(module.namedModules.values.allSatisfy { !$0.isTraining })
    }

    @Test func whatCannotBeAChildStopsTheProgram() async {
      await #expect(processExitsWith: .failure) { _ = Boxed(Linear(1, 1)).parameters }
      #expect(Boxed(nil).parameters.isEmpty)
      let student = Student(Linear(1, 1))
      #expect(Array(student.children.keys) == ["layer"])
    }

    @Test func propertiesAreLookedThroughOnce() {
      let module = Counted()
      for _ in 0..<100 { #expect(module.parameters.count == 2 && module.namedModules.count == 2) }
      #expect(module.part.count.value == 1)
      module.step += 1
      for _ in 0..<100 { module.train() }
      #expect(module.part.count.value == 2, "once more after an assignment")
    }

    @Test func whatIsAssignedLaterIsSeen() {
      let module = Changing()
      func names() -> [String] { Array(module.children.keys) }
      let plain = ["fc", "parts.head", "parts.tail.0"]
      #expect(names() == plain)
      for _ in 0..<3 {
        // A new module may lie where the old one lay.
        module.fc = Linear(3, 3)
        #expect(module.children["fc"] === module.fc && module.namedParameters["fc.weight"]?.shape == [3, 3])
        module.fc = Linear(2, 2)
        #expect(module.children["fc"] === module.fc)
      }
      for count in 1...20 {
        module.list.append(Linear(1, 1))
        #expect(names().filter { $0.hasPrefix("list.") }.count == count)
      }
      for position in 0..<20 {
        module.list[position] = Linear(4, 4)
        #expect(module.children["list.\(position)"] === module.list[position])
      }
      module.list = []
      #expect(names() == plain)
      module.maybe = Linear(1, 1)
      #expect(module.children["maybe"] === module.maybe)
      module.maybe = nil
      module.parts.tail.inner = Linear(1, 1)
      #expect(module.children["parts.tail.inner"] === module.parts.tail.inner)
      module.parts.tail.inner = nil
      module.dictionary["a"] = Linear(1, 1)
      #expect(names().contains("dictionary.a"))
      module.dictionary["a"] = Linear(5, 5)
      #expect(module.children["dictionary.a"] === module.dictionary["a"])
      module.dictionary = [:]
      module.blocks[0] = .plain(Linear(1, 1))
      #expect(names().contains("blocks.0"))
      module.blocks[0] = .none
      #expect(names() == plain)
    }

    @Test func lookingForChildrenKeepsNoneAlive() {
      let module = Changing()
      weak var replaced: Module?
      do {
        let first = Linear(1, 1)
        (module.friend, replaced) = (first, first)
        #expect(module.children["friend"] === first)
      }
      #expect(replaced == nil && module.children["friend"] == nil)
      weak var gone: Changing?
      do {
        let other = Changing()
        other.friend = other
        other.list = [Linear(1, 1)]
        #expect(other.parameters.count == 8)
        gone = other
      }
      #expect(gone == nil)
    }

    @Test func sequentialFollowsItsModules() {
      let net = Sequential(Linear(1, 1), ReLU())
      #expect(net.parameters.count == 2)
      net.modules.append(Linear(1, 1))
      #expect(net.parameters.count == 4)
      net.modules[0] = ReLU()
      #expect(net.parameters.count == 2)
    }
  }
}
