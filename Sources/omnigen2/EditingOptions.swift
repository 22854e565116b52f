import ArgumentParser
import OmniGen2

/// The sources of an edit.
struct EditingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A PNG, JPEG or WebP picture; repeat for up to five.", valueName: "file"))
    var image: [String] = []

    @Flag(
        inversion: .prefixedNo,
        help: "The result takes the size of a single source, rounded down to 16. (default: --align)")
    var align: Bool?

    @Flag(
        inversion: .prefixedNo,
        help: "The result has precisely the size of the first source, each pixel where it was. (default: with --mask)")
    var exactSize: Bool?

    @Option(
        help: ArgumentHelp(
            "A picture of the first source's size: white may change, black comes back byte for byte.",
            valueName: "file"))
    var mask: String?

    @Option(help: ArgumentHelp("Longest side a source keeps. (default: 1024)", valueName: "pixels"))
    var maxInputSide: Int?

    @Option(
        help: ArgumentHelp(
            "What is read of a source: sample of its distribution, or its mode. (default: sample)", valueName: "kind"))
    var referenceLatents: String?

    func validate() throws {
        if mask != nil, exactSize == false {
            throw ValidationError("--mask needs the exact size: leave out --no-exact-size")
        }
        try referenceLatents.require(
            among: GenerationRequest.ReferenceLatents.allCases.map(\.rawValue), "--reference-latents")
        if image.count > GenerationRequest.maximumReferences {
            throw ValidationError(
                "at most \(GenerationRequest.maximumReferences) pictures can be given, got \(image.count)")
        }
    }

    /// Changes a record to what was asked for.
    ///
    /// - Throws: `CommandError` when a file cannot be read.
    func apply(to record: inout GenerationRecord) throws {
        var editing = record.editing ?? EditingRecord()
        if !image.isEmpty {
            let sources = try image.map { try SourceFile(reading: $0) }
            // A mask belongs to its source, which may be the one it was made for.
            if editing.sources.first?.sha256 != nil, editing.sources.first?.sha256 != sources.first?.sha256 {
                editing.mask = nil
            }
            editing.sources = sources
        }
        if let mask { editing.mask = try SourceFile(reading: mask) }
        editing.aligns = align ?? editing.aligns
        // Without its size a mask has no meaning, and a repeated picture's goes with it.
        if exactSize == false { editing.mask = nil }
        editing.keepsExactSize = editing.mask != nil || exactSize ?? editing.keepsExactSize
        editing.maxInputSide = maxInputSide ?? editing.maxInputSide
        editing.referenceLatents =
            referenceLatents.flatMap(GenerationRequest.ReferenceLatents.init) ?? editing.referenceLatents
        if !editing.sources.isEmpty { record.editing = editing }
    }
}
