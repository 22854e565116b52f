/// Element type of a tensor.
package enum DType: Int, CaseIterable, Sendable {
    case float32, float16, bfloat16, float64
    case float8E4M3, float8E5M2
    case int8, uint8, int16, int32, int64, bool

    /// Bytes an element takes.
    package var byteCount: Int {
        switch self {
        case .float8E4M3, .float8E5M2, .int8, .uint8, .bool: 1
        case .float16, .bfloat16, .int16: 2
        case .float32, .int32: 4
        case .float64, .int64: 8
        }
    }

    package var isFloatingPoint: Bool {
        switch self {
        case .float32, .float16, .bfloat16, .float64, .float8E4M3, .float8E5M2: true
        case .int8, .uint8, .int16, .int32, .int64, .bool: false
        }
    }

    /// The suffix of the C function that answers with libtorch's code for this type.
    var codeFunction: String {
        switch self {
        case .float32: "aoti_torch_dtype_float32"
        case .float16: "aoti_torch_dtype_float16"
        case .bfloat16: "aoti_torch_dtype_bfloat16"
        case .float64: "aoti_torch_dtype_float64"
        case .float8E4M3: "aoti_torch_dtype_float8_e4m3fn"
        case .float8E5M2: "aoti_torch_dtype_float8_e5m2"
        case .int8: "aoti_torch_dtype_int8"
        case .uint8: "aoti_torch_dtype_uint8"
        case .int16: "aoti_torch_dtype_int16"
        case .int32: "aoti_torch_dtype_int32"
        case .int64: "aoti_torch_dtype_int64"
        case .bool: "aoti_torch_dtype_bool"
        }
    }
}
