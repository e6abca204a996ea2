import Foundation
import Recipes
import Sparsity
import Testing

@Suite("Recipes as text") struct CodingTests {
  static let recipes: [Recipe] = [
    Recipe(.magnitude, target: .amount(0.25)), Recipe(.lamp, target: .sparsity(1)),
    Recipe(.norm(.infinity), target: .amount(3), pattern: .structured(dim: -1)),
    Recipe(.norm(0.5), target: .below(0.125), pattern: .block(rows: 4, columns: 1, of: .lastTwo)),
    Recipe(.random(seed: .max), pattern: .nOfM(2, 4, dim: 1), nan: .rankLargest),
    Recipe(
      .magnitude, target: .sparsity(0.98), distribution: .global.keeping(atLeast: 0.05),
      schedule: .cubic(from: 0.25, to: 0.75, updates: 60), selector: .layers("Linear")),
  ]

  @Test("reading gives what was written", arguments: recipes.indices)
  func roundTrip(index: Int) throws {
    let recipe = Self.recipes[index]
    let data = try JSONEncoder().encode(recipe)
    let read = try JSONDecoder().decode(Recipe.self, from: data)
    #expect(String(reflecting: read) == String(reflecting: recipe))
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(json["schema"] as? Int == 1)
  }

  @Test("rules and expressions, too")
  func rules() throws {
    var recipe = Recipe(.magnitude, target: .amount(0.5), distribution: .erk)
    recipe.selector = Selector(only: [try NamePattern("a.b")], excluded: [try NamePattern("^c")])
    recipe.rules = [Rule(try NamePattern("x"), .exclude), Rule(try NamePattern("y"), .prune(.amount(7)))]
    let read = try JSONDecoder().decode(Recipe.self, from: try JSONEncoder().encode(recipe))
    #expect(read.rules == recipe.rules && read.selector == recipe.selector && read.distribution == recipe.distribution)
  }

  @Test(
    "what is no recipe is refused where it goes wrong",
    arguments: [
      ("{\"targt\": {}}", "targt"), ("{\"target\": {\"amount\": 7}}", "a share in 0...1"),
      ("{\"target\": {\"amount\": 0.5, \"count\": 7}}", "found amount and count"), ("{\"pattern\": \"4:2\"}", "4:2"),
      ("{\"criterion\": \"lamb\"}", "lamb"), ("{\"distribution\": \"everywhere\"}", "everywhere"),
      ("{\"schema\": 9}", "found 9"), ("{\"rule\": [{\"match\": \"(\", \"exclude\": true}]}", "regular expression"),
      ("{\"schedule\": {\"curve\": \"cubic\", \"from\": 0.9, \"to\": 0.1}}", "0 <= from <= to"),
      ("{\"nan\": \"keep\"}", "found 'keep'"), ("{\"selector\": {\"roles\": [\"waight\"]}}", "waight"),
    ])
  func refusals(text: String, part: String) {
    let error = #expect(throws: DecodingError.self) { try JSONDecoder().decode(Recipe.self, from: Data(text.utf8)) }
    #expect(error.map { "\($0)".contains(part) } == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test("a criterion of one's own has no text")
  func own() {
    struct Own: Criterion {
      let name = "own"
      func scores(of weight: WeightValues) -> [Double] { weight.values }
    }
    #expect(throws: EncodingError.self) { try JSONEncoder().encode(Recipe(Own(), target: .amount(0.5))) }
  }
}
