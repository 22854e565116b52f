import Testing

@testable import Server

@Suite struct MultipartFuzzTests {
    @Test func aFormThatIsWrittenIsReadUnchanged() throws {
        var random = SeededRandom(seed: 7578)
        for _ in 0..<max(1, fuzzCount / 10) {
            let sample = SampleForm.random(&random)
            let form = try MultipartForm(sample.body, contentType: sample.contentType)
            let parts = form.parts.map {
                SampleForm.Part(
                    name: $0.name, filename: $0.filename, contentType: $0.contentType, content: Array($0.content))
            }
            #expect(parts == sample.parts)
        }
    }

    @Test func mutatedFormsAreReadOrRefusedWithoutATrap() {
        var random = SeededRandom(seed: 2046)
        var accepted = 0
        for round in 0..<fuzzCount {
            let sample = SampleForm.random(&random)
            var body = round % 16 == 0 ? random.bytes(random.below(64)) : sample.body
            for _ in 0...random.below(3) { Self.mutate(&body, boundary: sample.boundary, &random) }
            do {
                let form = try MultipartForm(body, contentType: sample.contentType, limits: .init(headerBytes: 200))
                accepted += 1
                Self.check(form, of: body, boundary: sample.boundary)
            } catch {
                #expect(!"\(error)".contains("\n"))
            }
        }
        #expect(accepted > fuzzCount / 20 && accepted < fuzzCount)
    }

    @Test func mutatedHeadersAreReadOrRefusedWithoutATrap() {
        var random = SeededRandom(seed: 2045)
        for _ in 0..<fuzzCount {
            var header = Array("multipart/form-data; charset=\"a\\\"b\"; boundary=abc".utf8)
            for _ in 0...random.below(4) { Self.mutate(&header, boundary: "\"", &random) }
            _ = try? MultipartBoundary(contentType: String(decoding: header, as: UTF8.self))
            _ = try? ContentDisposition(parsing: header[...])
        }
    }

    /// Contents lie in the body one behind another, and none has the boundary in it.
    private static func check(_ form: MultipartForm, of body: [UInt8], boundary: String) {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        var end = 0
        for part in form.parts {
            #expect(part.offset >= end && body[part.offset...].starts(with: part.content))
            #expect(!part.content.indices.contains { part.content[$0...].starts(with: delimiter) })
            end = part.offset + part.content.count
            #expect(body[(end - (part.content.isEmpty ? 2 : 0))...].starts(with: delimiter) || part.content.isEmpty)
        }
    }

    private static func mutate(_ bytes: inout [UInt8], boundary: String, _ random: inout SeededRandom) {
        let fragments = [
            "\r\n", "\r", "\n", "--", "--\(boundary)", "\r\n--\(boundary)--", "\"", "\\", ";", "=", ":", "\0",
        ]
        guard !bytes.isEmpty else { return bytes.append(UInt8(random.below(256))) }
        let position = random.below(bytes.count)
        let end = min(bytes.count, position + 1 + random.below(8))
        switch random.below(6) {
        case 0: bytes[position] ^= 1 << random.below(8)
        case 1: bytes.removeSubrange(position...)
        case 2: bytes.removeSubrange(position..<end)
        case 3: bytes.insert(contentsOf: bytes[position..<end], at: random.below(bytes.count))
        default: bytes.insert(contentsOf: fragments[random.below(fragments.count)].utf8, at: position)
        }
    }
}
