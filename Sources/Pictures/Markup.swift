import Console

/// Text within HTML and SVG.
package enum Markup {
  /// The text with its special characters written so that they stand for themselves, within elements and attributes;
  /// control characters, which might come from a file, become question marks.
  package static func escaped(_ text: some StringProtocol) -> String {
    String(text).withoutControls.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.append(character)
      }
    }
  }
}
