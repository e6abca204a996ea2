import Checkpoints
import TestSupport
import Testing

/// Headers that the format forbids, each with what the error says about it.
@Suite struct SafetensorsHeaderTests {
  static let f32 = #"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#

  @Test(arguments: [
    ("", 0, "'{'"),
    ("[]", 0, "'{'"),
    ("{", 0, "'\"'"),
    ("{} x", 0, "nothing after the closing brace"),
    (#"{"a":\#(f32),}"#, 8, "'\"'"),
    (#"{"a":\#(f32),"a":\#(f32)}"#, 8, "each name once"),
    (#"{"a":\#(f32),"\u0061":\#(f32)}"#, 8, "each name once"),
    (#"{"__metadata__":{"a":"b"},"__metadata__":{}}"#, 0, "each name once"),
    (#"{"__metadata__":{"a":"b","a":"c"}}"#, 0, "each name once"),
    (#"{"__metadata__":{"a":1}}"#, 0, "'\"'"),
    (#"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 8, "each name once"),
    (#"{"a":{"dtype":"C128","shape":[1],"data_offsets":[0,16]}}"#, 16, "a dtype of safetensors"),
    (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8, "dtype, shape and data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}"#, 8, "dtype, shape and data_offsets"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "begin <= end"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "a whole number"),
    (#"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, 8, "a whole number"),
    (#"{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}"#, 8, "leading zeros"),
    (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#, 8, "below 2^63"),
    (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#, 8, "below 2^63"),
    (#"{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,8]}}"#, 8, "below 2^63"),
    (#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#, 2, "a whole number of bytes"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[9223372036854775800,9223372036854775807]}}"#, 8, "begin <= end"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "12 bytes (F32 of shape [3])"),
    (#"{"a":\#(f32)}"#, 9, "8 bytes of tensors after the header"),
    (#"{"a":\#(f32)}"#, 7, "8 bytes of tensors after the header"),
    (#"{"a":{"x":\#(String(repeating: "[", count: 100))"#, 0, "nesting of at most 32"),
    (#"{"\ud800":\#(f32)}"#, 8, "surrogate"),
    (#"{"\ud800\u0041":\#(f32)}"#, 8, "surrogate"),
    (#"{"\q":\#(f32)}"#, 8, "a known escape"),
    ("{\"a\nb\":\(f32)}", 8, "control character"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":tru}}"#, 8, "'true'"),
  ])
  func refuses(header: String, data: Int, expected: String) {
    let scratch = Scratch()
    let path = scratch.write("case.safetensors", safetensors(header, data: data))
    let text = sentence { _ = try SafetensorsFile(path: path) }
    #expect(text.contains(expected), "\(text)")
  }

  @Test func refusesBytesThatAreNoUTF8() {
    let scratch = Scratch()
    var bytes = safetensors(#"{"a":\#(Self.f32)}"#, data: 8)
    bytes[10] = 0xff
    let path = scratch.write("case.safetensors", bytes)
    #expect(sentence { _ = try SafetensorsFile(path: path) }.contains("valid UTF-8"))
  }

  @Test(arguments: [
    ("{}", 0), ("{}    ", 0), (#" {"a" : \#(f32) } "#, 8), (#"{"__metadata__":null}"#, 0),
    (#"{"a":{"dtype":"F4","shape":[3,2],"data_offsets":[0,3]}}"#, 3),
    (#"{"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}}"#, 0),
    (#"{"\ud83c\udf33\/":\#(f32)}"#, 8),
  ])
  func accepts(header: String, data: Int) throws {
    let scratch = Scratch()
    let path = scratch.write("case.safetensors", safetensors(header, data: data))
    #expect(try SafetensorsFile(path: path).tensors.allSatisfy { !$0.name.isEmpty })
  }

  /// Names that Swift holds for equal are refused as duplicates, composed or not.
  @Test func refusesNamesThatDifferInCompositionOnly() {
    let scratch = Scratch()
    let second = #"{"dtype":"F32","shape":[2],"data_offsets":[8,16]}"#
    let path = scratch.write(
      "case.safetensors", safetensors("{\"\u{e9}\":\(Self.f32),\"e\u{301}\":\(second)}", data: 16))
    #expect(sentence { _ = try SafetensorsFile(path: path) }.contains("each name once"))
  }
}
