extension SVGPlot {
  /// Two sets of colours: readers in the dark get the second where the viewer says so. The picture has a ground of its
  /// own, so that it stands on any page.
  static let style = """
    text { font-family: -apple-system, "Segoe UI", Inter, "Helvetica Neue", Arial, sans-serif; font-size: 13px; \
    fill: #1d2733; font-variant-numeric: tabular-nums }
    .middle { text-anchor: middle } .end { text-anchor: end }
    .title { font-size: 21px; font-weight: 600 } .muted { fill: #66727f } .value { font-weight: 600 }
    .halo { stroke: #ffffff; stroke-width: 4; stroke-linejoin: round; paint-order: stroke }
    .ground { fill: #ffffff; stroke: #dde2e7 } .grid { stroke: #e9edf0 } .axis { stroke: #aab4be }
    .dense { stroke: #aab4be; stroke-dasharray: 2 4 }
    .tuned { fill: #23804f } .pruned { fill: #c46a12 } .gradual { fill: #2b5fb3 }
    .gradual-line { fill: none; stroke: #3f78d1; stroke-width: 3; stroke-linejoin: round; stroke-linecap: round }
    .gradual-dot { fill: #3f78d1; stroke: #ffffff; stroke-width: 2 }
    .tuned-line { fill: none; stroke: #2f9a62; stroke-width: 3; stroke-linejoin: round; stroke-linecap: round }
    .pruned-line { fill: none; stroke: #e08a2c; stroke-width: 2.5; stroke-dasharray: 1 6; stroke-linecap: round }
    .tuned-dot { fill: #2f9a62; stroke: #ffffff; stroke-width: 2 }
    .pruned-dot { fill: #ffffff; stroke: #e08a2c; stroke-width: 2.5 }
    .bar { fill: #8cc5a5 } .ghost { fill: #eff3f1 }
    @media (prefers-color-scheme: dark) {
    text { fill: #e6ebf0 } .muted { fill: #95a1ad }
    .ground { fill: #12171d; stroke: #2b343d } .grid { stroke: #222a32 } .axis { stroke: #55606b }
    .dense { stroke: #55606b } .halo { stroke: #12171d }
    .tuned { fill: #63cf97 } .pruned { fill: #f2ab5e } .gradual { fill: #84b1f5 }
    .gradual-line { stroke: #6a9bea } .gradual-dot { fill: #6a9bea; stroke: #12171d }
    .tuned-line { stroke: #4fbf85 } .pruned-line { stroke: #ee9d45 }
    .tuned-dot { fill: #4fbf85; stroke: #12171d } .pruned-dot { fill: #12171d; stroke: #ee9d45 }
    .bar { fill: #3f7f5f } .ghost { fill: #1c242b }
    }
    """
}
