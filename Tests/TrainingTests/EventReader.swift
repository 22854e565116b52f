import Foundation

@testable import Training

/// Reads event files back, as little of them as tests look at.
enum EventReader {
    struct Problem: Error {}

    enum Field {
        case number(UInt64)
        case bytes([UInt8])
    }

    struct Value: Equatable {
        let step: Int
        let scalar: Float?
        /// A PNG.
        var picture: [UInt8]?
        var text: String?
    }

    /// The contents of complete records; a record that was cut off ends the list.
    static func records(_ file: [UInt8]) throws -> [[UInt8]] {
        var records: [[UInt8]] = []
        var rest = file[...]
        while rest.count >= 12 {
            let header = Array(rest.prefix(8))
            let length = Int(number(header))
            guard number(rest.dropFirst(8).prefix(4)) == UInt64(CRC32C.masked(header)) else { throw Problem() }
            guard rest.count >= length + 16 else { break }
            let content = Array(rest.dropFirst(12).prefix(length))
            let check = rest.dropFirst(12 + length).prefix(4)
            guard number(check) == UInt64(CRC32C.masked(content)) else { throw Problem() }
            records.append(content)
            rest = rest.dropFirst(length + 16)
        }
        return records
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
    }

    static func fields(_ message: [UInt8]) throws -> [Int: [Field]] {
        var rest = message[...]
        func varint() throws -> UInt64 {
            for (index, byte) in rest.prefix(10).enumerated() where byte < 0x80 {
                defer { rest = rest.dropFirst(index + 1) }
                return rest.prefix(index + 1).enumerated().reduce(0) {
                    $0 | UInt64($1.element & 0x7F) << (7 * UInt64($1.offset))
                }
            }
            throw Problem()
        }
        func take(_ count: Int) throws -> [UInt8] {
            guard rest.count >= count else { throw Problem() }
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        var fields: [Int: [Field]] = [:]
        while !rest.isEmpty {
            let key = try varint()
            let field: Field =
                switch key & 7 {
                case 0: .number(try varint())
                case 1: .number(number(try take(8)))
                case 2: .bytes(try take(Int(try varint())))
                case 5: .number(number(try take(4)))
                default: throw Problem()
                }
            fields[Int(key >> 3), default: []].append(field)
        }
        return fields
    }

    /// What TensorBoard shows of a folder: files in the order of their names, and no steps from before a start that are not
    /// before it.
    static func shown(_ folder: String) throws -> [String: [Value]] {
        var shown: [String: [Value]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let file = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            for (index, record) in try records(Array(file)).enumerated() {
                let event = try fields(record)
                let step = Int(event[2]?.first?.number ?? 0)
                if index == 0, event[3]?.first?.text != "brain.Event:2" { throw Problem() }
                if let log = event[7]?.first?.bytes, try fields(log)[1]?.first?.number == 1 {
                    for tag in shown.keys { shown[tag]?.removeAll { $0.step >= step } }
                }
                for summary in event[5] ?? [] {
                    for value in try fields(summary.bytes ?? [])[1] ?? [] {
                        let (tag, value) = try self.value(value.bytes ?? [], step)
                        shown[tag, default: []].append(value)
                    }
                }
            }
        }
        return shown
    }

    private static func value(_ message: [UInt8], _ step: Int) throws -> (String, Value) {
        let value = try fields(message)
        guard let tag = value[1]?.first?.text else { throw Problem() }
        let scalar = value[2]?.first?.number.map { Float(bitPattern: UInt32($0)) }
        let picture = try value[4]?.first?.bytes.map { try fields($0)[4]?.first?.bytes ?? [] }
        let text = try value[8]?.first?.bytes.map { try fields($0)[8]?.first?.text ?? "" }
        return (tag, Value(step: step, scalar: scalar, picture: picture, text: text))
    }
}

extension EventReader.Field {
    var number: UInt64? { if case .number(let value) = self { value } else { nil } }
    var bytes: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }
    var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
}
