/// Writes safetensors files, byte for byte as the official crate does for the same tensors.
///
/// Source: `prepare` and `serialize_to_file` of the `safetensors` crate: tensors ordered by falling alignment, then name,
/// a compact JSON header padded with spaces to a multiple of 8 bytes. Keys of the metadata are sorted.
package enum SafetensorsWriter {
    /// A tensor to write. `withBytes` hands its little-endian, row-major bytes to the closure it is given, whole or in
    /// pieces that follow each other; only these need to exist at a time.
    package struct Tensor {
        package let name: String
        package let elementType: ElementType
        package let shape: [Int]
        package let withBytes: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

        package init(
            name: String, elementType: ElementType, shape: [Int],
            withBytes: @escaping ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
        ) {
            self.name = name
            self.elementType = elementType
            self.shape = shape
            self.withBytes = withBytes
        }

        package init(name: String, elementType: ElementType, shape: [Int], bytes: [UInt8]) {
            self.init(name: name, elementType: elementType, shape: shape) { body in
                try bytes.withUnsafeBytes { try body($0) }
            }
        }
    }

    /// The order of tensors in a file.
    package enum Order {
        /// As the official crate has it.
        case official
        /// As they are given, the first one at a multiple of 64 bytes from the file's start.
        case given
    }

    /// Writes `tensors` to `path`; a file of that name is replaced once the new one is complete.
    ///
    /// Throws if two tensors have one name, if a shape and the bytes disagree, if the disk refuses, or what `withBytes`
    /// throws; then nothing is left behind.
    package static func write(
        _ tensors: [Tensor], metadata: [String: String] = [:], order: Order = .official, to path: String
    ) throws {
        let ordered: [Tensor]
        switch order {
        case .official: ordered = tensors.sorted { ($1.alignmentRank, $0.name) < ($0.alignmentRank, $1.name) }
        case .given: ordered = tensors
        }
        let (header, byteCounts) = try header(
            of: ordered, metadata: metadata, alignment: order == .official ? 8 : 64, path: path)
        let file = try AtomicFile(path: path)
        try withUnsafeBytes(of: UInt64(header.count).littleEndian) { try file.write($0) }
        try header.withUnsafeBytes { try file.write($0) }
        for (tensor, expected) in zip(ordered, byteCounts) {
            var written = 0
            try tensor.withBytes { bytes in
                try file.write(bytes)
                written += bytes.count
            }
            guard written == expected else {
                throw SafetensorsError(
                    file: path, tensor: tensor.name,
                    reason:
                        "shape \(tensor.shape) in \(tensor.elementType.rawValue) takes \(expected) bytes, got \(written)"
                )
            }
        }
        try file.commit()
    }

    private static func header(
        of tensors: [Tensor], metadata: [String: String], alignment: Int, path: String
    ) throws(SafetensorsError) -> (bytes: [UInt8], byteCounts: [Int]) {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(json($0.key)):\(json($0.value))" }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var names: Set<String> = ["__metadata__"]
        var byteCounts: [Int] = []
        var begin = 0
        for tensor in tensors {
            let type = tensor.elementType
            guard names.insert(tensor.name).inserted else {
                throw SafetensorsError(file: path, tensor: tensor.name, reason: "the name is taken")
            }
            guard let byteCount = type.byteCount(of: tensor.shape), byteCount <= Int.max - begin else {
                throw SafetensorsError(
                    file: path, tensor: tensor.name,
                    reason: "the size of shape \(tensor.shape) in \(type.rawValue) is not a number of bytes")
            }
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(json(tensor.name)):{\"dtype\":\"\(type.rawValue)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(begin),\(begin + byteCount)]}")
            byteCounts.append(byteCount)
            begin += byteCount
        }
        var bytes = Array("{\(members.joined(separator: ","))}".utf8)
        // The header's length stands before it, in 8 bytes.
        bytes += Array(repeating: UInt8(ascii: " "), count: (alignment - (bytes.count + 8) % alignment) % alignment)
        guard bytes.count <= SafetensorsHeader.lengthLimit else {
            throw SafetensorsError(
                file: path,
                reason: "a header of \(bytes.count) bytes is beyond the limit of "
                    + "\(SafetensorsHeader.lengthLimit)")
        }
        return (bytes, byteCounts)
    }

    /// `text` as a JSON string.
    private static func json(_ text: String) -> String {
        var escaped = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case "\u{8}": escaped += "\\b"
            case "\u{C}": escaped += "\\f"
            case "\0"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped + "\""
    }
}

extension SafetensorsWriter.Tensor {
    /// Position of the element type in the crate's order of alignment.
    fileprivate var alignmentRank: Int { ElementType.allCases.firstIndex(of: elementType) ?? 0 }
}
