/// The element types of the safetensors format; raw values are the spellings in the file.
///
/// Cases stand in the order in which the official crate sorts tensors when it writes (last first, so that wide
/// elements come early and every tensor is aligned). Source: `Dtype` of the `safetensors` crate, 0.8.
package enum ElementType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case float4 = "F4"
    case float6E2M3 = "F6_E2M3"
    case float6E3M2 = "F6_E3M2"
    case uint8 = "U8"
    case int8 = "I8"
    case float8E5M2 = "F8_E5M2"
    case float8E4M3 = "F8_E4M3"
    case float8E8M0 = "F8_E8M0"
    case float8E4M3FNUZ = "F8_E4M3FNUZ"
    case float8E5M2FNUZ = "F8_E5M2FNUZ"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case complex64 = "C64"
    case float64 = "F64"
    case int64 = "I64"
    case uint64 = "U64"

    /// Bits of one element; below 8 the elements are packed.
    package var bitCount: Int {
        switch self {
        case .float4: 4
        case .float6E2M3, .float6E3M2: 6
        case .bool, .uint8, .int8: 8
        case .float8E5M2, .float8E4M3, .float8E8M0, .float8E4M3FNUZ, .float8E5M2FNUZ: 8
        case .int16, .uint16, .float16, .bfloat16: 16
        case .int32, .uint32, .float32: 32
        case .complex64, .float64, .int64, .uint64: 64
        }
    }

    /// Bytes of a tensor of `shape`; nil if the count overflows or packed elements do not fill whole bytes.
    package func byteCount(of shape: [Int]) -> Int? {
        var bits = bitCount
        // The element count must not overflow on its own either: [2^40, 2^40, 0] is refused, whatever the order.
        for dimension in shape where dimension != 0 {
            let (product, overflow) = bits.multipliedReportingOverflow(by: dimension)
            if overflow || dimension < 0 { return nil }
            bits = product
        }
        if shape.contains(0) { return 0 }
        return bits % 8 == 0 ? bits / 8 : nil
    }
}
