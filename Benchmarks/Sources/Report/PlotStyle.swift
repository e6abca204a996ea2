/// How the pictures of benchmarks look.
enum PlotStyle {
  /// Two sets of colours, as in the tutorial's picture.
  static let rules = """
    text { font-family: -apple-system, "Segoe UI", Inter, "Helvetica Neue", Arial, sans-serif; font-size: 12.5px; \
    fill: #1d2733; font-variant-numeric: tabular-nums }
    .middle { text-anchor: middle } .end { text-anchor: end }
    .title { font-size: 21px; font-weight: 600 } .value { font-size: 14px; font-weight: 600 }
    .ground { fill: #ffffff; stroke: #dde2e7 } .grid { stroke: #e9edf0 } .axis { stroke: #aab4be }
    .bonsai { fill: #23804f; font-weight: 600 } .torch { fill: #c46a12; font-weight: 600 }
    .muted, .copy { fill: #66727f }
    .bonsai-line { fill: none; stroke: #2f9a62; stroke-width: 3; stroke-linejoin: round }
    .torch-line { fill: none; stroke: #e08a2c; stroke-width: 2.5; stroke-linejoin: round }
    .copy-line { fill: none; stroke: #8c98a4; stroke-width: 1.5; stroke-dasharray: 2 4 }
    .bonsai-dot { fill: #2f9a62 } .torch-dot { fill: #e08a2c }
    .blue { fill: #2b63a8; font-weight: 600 } .blue-dot { fill: #3c7cc8 }
    .blue-line { fill: none; stroke: #3c7cc8; stroke-width: 2.5; stroke-linejoin: round }
    .pink { fill: #a83a76; font-weight: 600 } .pink-dot { fill: #c8528f }
    .pink-line { fill: none; stroke: #c8528f; stroke-width: 2.5; stroke-linejoin: round }
    @media (prefers-color-scheme: dark) {
    text { fill: #e6ebf0 } .muted, .copy { fill: #95a1ad }
    .ground { fill: #12171d; stroke: #2b343d } .grid { stroke: #222a32 } .axis { stroke: #55606b }
    .bonsai { fill: #63cf97 } .torch { fill: #f2ab5e }
    .bonsai-line { stroke: #4fbf85 } .torch-line { stroke: #ee9d45 } .copy-line { stroke: #6c7884 }
    .bonsai-dot { fill: #4fbf85 } .torch-dot { fill: #ee9d45 }
    .blue { fill: #86b7f0 } .blue-line { stroke: #6aa5e6 } .blue-dot { fill: #6aa5e6 }
    .pink { fill: #ee9cc6 } .pink-line { stroke: #e07fb2 } .pink-dot { fill: #e07fb2 }
    }
    """
}
