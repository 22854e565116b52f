import Imaging
import Testing

@testable import OmniGen2

@Suite struct GenerationRecordTests {
    private static let picture = try? Image(width: 16, height: 16, pixels: Array(repeating: 9, count: 3 * 256))

    private static func png(_ entries: [(key: String, value: String)]) throws -> [UInt8] {
        try #require(picture).pngData(text: entries)
    }

    @Test func aPictureSaysWhatItsRequestWas() throws {
        var request = GenerationRequest(prompt: "a \"tree\", ☃")
        (request.steps, request.seed, request.count) = (7, .max, 3)
        (request.guidanceRange, request.cache) = (0.1...0.6, .teaCache(threshold: 0.1))
        var record = GenerationRecord(request, model: "OmniGen2/OmniGen2", dtype: .bfloat16)
        (record.width, record.height, record.index) = (request.width, request.height, 2)
        record.quantization = .int8
        record.editing = EditingRecord()
        record.editing?.sources = [SourceFile(path: "a.png", sha256: "0123")]
        let read = try GenerationRecord(decoding: Self.png([("parameters", "x"), record.entry()]))
        #expect(read == record)
        #expect(read.request == request)
    }

    @Test(arguments: [
        ("{}", "its settings cannot be read: "), ("[", "its settings cannot be read: "),
        (#"{"prompt": 1}"#, "its settings cannot be read: "),
    ])
    func aRecordThatCannotBeReadIsSaid(text: String, reason: String) throws {
        let bytes = try Self.png([(GenerationRecord.key, text)])
        let error = #expect(throws: RecordError.self) { try GenerationRecord(decoding: bytes) }
        #expect(error?.reason.hasPrefix(reason) == true, "\(error?.reason ?? "")")
    }

    @Test func impossibleSettingsAreSaid() throws {
        var record = GenerationRecord(GenerationRequest(prompt: "a"), model: "", dtype: .bfloat16)
        record.guidanceRange = [0.5]
        #expect(try Self.reason(record) == "its guidance range is not two ascending numbers")
        record.guidanceRange = [0, 1]
        record.cache = "lucky"
        #expect(try Self.reason(record) == "there is no step cache 'lucky'")
        record.cache = nil
        record.steps = 0
        #expect(try Self.reason(record)?.hasPrefix("its settings are wrong: steps must be between") == true)
    }

    private static func reason(_ record: GenerationRecord) throws -> String? {
        let bytes = try png([record.entry()])
        return #expect(throws: RecordError.self) { try GenerationRecord(decoding: bytes) }?.reason
    }

    @Test func whatCarriesNoRecordIsSaid() throws {
        let picture = try #require(Self.picture)
        for (bytes, reason) in try [
            (picture.pngData(), "carries no settings of omnigen2"),
            (picture.jpegData(), "only PNGs carry settings, this is a jpeg file"),
            (picture.webpData(), "only PNGs carry settings, this is a webp file"),
        ] {
            let error = #expect(throws: RecordError.self) { try GenerationRecord(decoding: bytes) }
            #expect(error?.reason == reason)
        }
    }
}
